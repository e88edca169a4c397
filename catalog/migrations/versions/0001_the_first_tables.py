"""the first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempts")),
    )
    op.create_table(
        "county",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_county")),
        sa.UniqueConstraint("name", name=op.f("uq_county_name")),
    )
    op.create_table(
        "partner",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner")),
        sa.UniqueConstraint("name", name=op.f("uq_partner_name")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("login", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("partner_id", sa.String(length=26), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role <> 'partner' or partner_id is not null", name=op.f("ck_account_partner_named")),
        sa.CheckConstraint("role in ('partner', 'reviewer', 'ops')", name=op.f("ck_account_role_known")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_account_partner_id_partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_index(op.f("ix_account_partner_id"), "account", ["partner_id"], unique=False)
    op.create_table(
        "course",
        sa.Column("stage", sa.String(length=100), nullable=False),
        sa.Column("grade", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("edition", sa.String(length=100), nullable=False),
        sa.Column("volume", sa.String(length=100), nullable=False),
        sa.Column("unit", sa.String(length=100), nullable=False),
        sa.Column("trade", sa.String(length=100), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("partner_id", sa.String(length=26), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.String(length=4000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_course_partner_id_partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
    )
    op.create_index("ix_course_page", "course", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_course_partner_id"), "course", ["partner_id"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("county_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["county_id"], ["county.id"], name=op.f("fk_site_county_id_county")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("county_id", "name", name=op.f("uq_site_county_id_name")),
    )
    op.create_table(
        "lesson",
        sa.Column("stage", sa.String(length=100), nullable=False),
        sa.Column("grade", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("edition", sa.String(length=100), nullable=False),
        sa.Column("volume", sa.String(length=100), nullable=False),
        sa.Column("unit", sa.String(length=100), nullable=False),
        sa.Column("trade", sa.String(length=100), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("course_id", sa.String(length=26), nullable=False),
        sa.Column("partner_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_lesson_course_id_course")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_lesson_partner_id_partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson")),
        sa.UniqueConstraint("course_id", "number", name=op.f("uq_lesson_course_id_number")),
    )
    op.create_index("ix_lesson_grade_page", "lesson", ["grade", "created_at", "id"], unique=False)
    op.create_index("ix_lesson_page", "lesson", ["created_at", "id"], unique=False)
    op.create_index("ix_lesson_partner_page", "lesson", ["partner_id", "created_at", "id"], unique=False)
    op.create_index("ix_lesson_stage_page", "lesson", ["stage", "created_at", "id"], unique=False)
    op.create_index("ix_lesson_subject_page", "lesson", ["subject", "created_at", "id"], unique=False)
    op.create_index(
        "ix_lesson_trade_page", "lesson", ["trade", "created_at", "id"], unique=False, postgresql_where="trade <> ''"
    )
    op.create_table(
        "node",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("software", sa.String(length=64), nullable=False),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("health", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("health_made", sa.DateTime(timezone=True), nullable=True),
        sa.Column("direction_version", sa.Integer(), nullable=False),
        sa.Column("direction_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_node_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
        sa.UniqueConstraint("site_id", "name", name=op.f("uq_node_site_id_name")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_node_token_hash")),
    )
    op.create_index(op.f("ix_node_direction_due"), "node", ["direction_due"], unique=False)
    op.create_table(
        "publication",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("course_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("draft", sa.LargeBinary(), nullable=False),
        sa.Column("lessons", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.String(length=64), nullable=True),
        sa.Column("sign_url", sa.String(length=1024), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("target_path", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_publication_course_id_course")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        sa.UniqueConstraint("course_id", "number", name=op.f("uq_publication_course_id_number")),
    )
    op.create_index(op.f("ix_publication_course_id"), "publication", ["course_id"], unique=False)
    op.create_index(
        "ix_publication_one_waiting",
        "publication",
        ["course_id"],
        unique=True,
        postgresql_where="state = 'awaiting_signature'",
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_session_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("course_id", sa.String(length=26), nullable=False),
        sa.Column("node_id", sa.String(length=26), nullable=True),
        sa.Column("site_id", sa.String(length=26), nullable=True),
        sa.Column("county_id", sa.String(length=26), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(node_id, site_id, county_id) = 1", name=op.f("ck_assignment_one_target")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["county.id"], name=op.f("fk_assignment_county_id_county"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_assignment_course_id_course")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_assignment_node_id_node"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_assignment_site_id_site"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index(op.f("ix_assignment_county_id"), "assignment", ["county_id"], unique=False)
    op.create_index(op.f("ix_assignment_course_id"), "assignment", ["course_id"], unique=False)
    op.create_index(op.f("ix_assignment_node_id"), "assignment", ["node_id"], unique=False)
    op.create_index(op.f("ix_assignment_site_id"), "assignment", ["site_id"], unique=False)
    op.create_index(
        "uq_assignment_county",
        "assignment",
        ["course_id", "county_id"],
        unique=True,
        postgresql_where="county_id is not null",
    )
    op.create_index(
        "uq_assignment_node",
        "assignment",
        ["course_id", "node_id"],
        unique=True,
        postgresql_where="node_id is not null",
    )
    op.create_index(
        "uq_assignment_site",
        "assignment",
        ["course_id", "site_id"],
        unique=True,
        postgresql_where="site_id is not null",
    )
    op.create_table(
        "caption",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("lesson_id", sa.String(length=26), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_caption_lesson_id_lesson")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caption")),
        sa.UniqueConstraint("lesson_id", "language", name=op.f("uq_caption_lesson_id_language")),
    )
    op.create_table(
        "direction",
        sa.Column("node_id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_direction_node_id_node"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("node_id", "version", name=op.f("pk_direction")),
    )
    op.create_table(
        "enrolment_code",
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("node_id", sa.String(length=26), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["node_id"], ["node.id"], name=op.f("fk_enrolment_code_node_id_node"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_enrolment_code")),
    )
    op.create_index(op.f("ix_enrolment_code_node_id"), "enrolment_code", ["node_id"], unique=False)
    op.create_table(
        "holding",
        sa.Column("node_id", sa.String(length=26), nullable=False),
        sa.Column("course_id", sa.String(length=26), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("lessons_ready", sa.Integer(), nullable=False),
        sa.Column("lessons", sa.Integer(), nullable=False),
        sa.Column("bytes_held", sa.BigInteger(), nullable=False),
        sa.Column("bytes_wanted", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_holding_node_id_node"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("node_id", "course_id", name=op.f("pk_holding")),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("node_id", sa.String(length=26), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_report_node_id_node"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    op.create_index("ix_report_node", "report", ["node_id", "made"], unique=False)
    op.create_table(
        "source",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("lesson_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("object_key", sa.String(length=100), nullable=False),
        sa.Column("upload_id", sa.String(length=1024), nullable=False),
        sa.Column("part_size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_source_lesson_id_lesson")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("object_key", name=op.f("uq_source_object_key")),
    )
    op.create_index(op.f("ix_source_lesson_id"), "source", ["lesson_id"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("lesson_id", sa.String(length=26), nullable=False),
        sa.Column("source_id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("error_data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("recipe", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("media", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("content_seconds", sa.Float(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_job_lesson_id_lesson")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_job_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_lesson_id"), "job", ["lesson_id"], unique=False)
    op.create_index(op.f("ix_job_source_id"), "job", ["source_id"], unique=False)
    op.create_index(op.f("ix_job_state"), "job", ["state"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("job_id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("outages", sa.Integer(), nullable=False),
        sa.Column("lease_holder", sa.String(length=100), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("error_data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_task_job_id_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("job_id", "kind", "number", name=op.f("uq_task_job_id_kind_number")),
    )
    op.create_index("ix_task_lease", "task", ["lease_until"], unique=False, postgresql_where="state = 'running'")
    op.create_index("ix_task_waiting", "task", ["rung_at"], unique=False, postgresql_where="state = 'waiting'")


def downgrade() -> None:
    op.drop_index("ix_task_waiting", table_name="task", postgresql_where="state = 'waiting'")
    op.drop_index("ix_task_lease", table_name="task", postgresql_where="state = 'running'")
    op.drop_table("task")
    op.drop_index(op.f("ix_job_state"), table_name="job")
    op.drop_index(op.f("ix_job_source_id"), table_name="job")
    op.drop_index(op.f("ix_job_lesson_id"), table_name="job")
    op.drop_table("job")
    op.drop_index(op.f("ix_source_lesson_id"), table_name="source")
    op.drop_table("source")
    op.drop_index("ix_report_node", table_name="report")
    op.drop_table("report")
    op.drop_table("holding")
    op.drop_index(op.f("ix_enrolment_code_node_id"), table_name="enrolment_code")
    op.drop_table("enrolment_code")
    op.drop_table("direction")
    op.drop_table("caption")
    op.drop_index("uq_assignment_site", table_name="assignment", postgresql_where="site_id is not null")
    op.drop_index("uq_assignment_node", table_name="assignment", postgresql_where="node_id is not null")
    op.drop_index("uq_assignment_county", table_name="assignment", postgresql_where="county_id is not null")
    op.drop_index(op.f("ix_assignment_site_id"), table_name="assignment")
    op.drop_index(op.f("ix_assignment_node_id"), table_name="assignment")
    op.drop_index(op.f("ix_assignment_course_id"), table_name="assignment")
    op.drop_index(op.f("ix_assignment_county_id"), table_name="assignment")
    op.drop_table("assignment")
    op.drop_index(op.f("ix_session_account_id"), table_name="session")
    op.drop_table("session")
    op.drop_index(
        "ix_publication_one_waiting", table_name="publication", postgresql_where="state = 'awaiting_signature'"
    )
    op.drop_index(op.f("ix_publication_course_id"), table_name="publication")
    op.drop_table("publication")
    op.drop_index(op.f("ix_node_direction_due"), table_name="node")
    op.drop_table("node")
    op.drop_index("ix_lesson_trade_page", table_name="lesson", postgresql_where="trade <> ''")
    op.drop_index("ix_lesson_subject_page", table_name="lesson")
    op.drop_index("ix_lesson_stage_page", table_name="lesson")
    op.drop_index("ix_lesson_partner_page", table_name="lesson")
    op.drop_index("ix_lesson_page", table_name="lesson")
    op.drop_index("ix_lesson_grade_page", table_name="lesson")
    op.drop_table("lesson")
    op.drop_table("site")
    op.drop_index(op.f("ix_course_partner_id"), table_name="course")
    op.drop_index("ix_course_page", table_name="course")
    op.drop_table("course")
    op.drop_index(op.f("ix_account_partner_id"), table_name="account")
    op.drop_table("account")
    op.drop_table("partner")
    op.drop_table("county")
    op.drop_table("attempts")
