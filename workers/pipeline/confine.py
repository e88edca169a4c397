"""Run as a script: give up every right that the program named after `--` does not need, then become that program.

    python -I -S confine.py PARENT MEMORY_BYTES CPU_SECONDS FILE_BYTES [WORD...] -- PROGRAM ARGUMENT...

The words: `read=PATH` and `write=PATH` (a file or a folder), `cwd=FOLDER`, `user=UID` (become it), `search` (as that
user, keep the right to pass closed folders), `many` (the program may start others), `without=landlock|seccomp` (as on
a kernel that lacks it). With `report` for PROGRAM it says what is in force instead.

A script of its own, and not `preexec_fn`: that may deadlock in a program with threads. It imports little of the
standard library and nothing else, for it starts once for every segment.
Sources: landlock(7), seccomp(2), capabilities(7), and the kernel's uapi headers for the numbers.
"""

import ctypes
import os
import resource
import stat
import struct
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_SET_SECUREBITS = 1, 8, 22, 28
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, NO_SETUID_FIXUP = 38, 47, 1 << 2
PROCESSES = 4096
"""Threads that the user may have on this machine, all tools together: what a fork bomb ends at."""
CPU_GRACE_S = 5
SIGKILL = 9
"""Written out: the module `signal` takes longer to import than all of this."""
FAILED, SAYS = 126, "the confinement failed: "
"""How it ends and what it says where the program was not started."""
CAP_DAC_READ_SEARCH, CAPABILITY_VERSION, AMBIENT_RAISE, AMBIENT_CLEAR = 2, 0x20080522, 2, 4

# Landlock: the same three system calls on every machine.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, MAKE_SOCK, REFER, TRUNCATE = 1 << 7, 1 << 8, 1 << 9, 1 << 13, 1 << 14
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
KNOWN_BITS = {1: 13, 2: 14, 3: 15, 4: 15}  # from 5 on: 16
TCP, SCOPES = 0b11, 0b11

LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
PROGRAMS = ("/bin", "/usr/bin")
"""What a tool that starts others finds there: mostly the shell."""
KERNEL = ("/dev/urandom", "/dev/random", "/dev/zero", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu")

# System calls that no decoder needs, by kind of machine: (arch of audit.h, numbers).
EPERM, ENOSYS, EACCES = 1, 38, 13
COMMON = (425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442)  # io_uring, mounting, pidfd_getfd
MACHINES: dict[str, tuple[int, dict[str, int], tuple[int, ...], tuple[int, ...]]] = {
    "x86_64": (
        0xC000003E,
        {"socket": 41, "clone": 56, "kill": 62, "tkill": 200, "tgkill": 234, "prlimit": 302},
        # setpgid setsid ptrace process_vm_* *_handle_at bpf perf userfaultfd unshare setns mount umount pivot chroot
        (
            *(109, 112, 101, 310, 311, 303, 304, 321, 298, 323, 272, 308, 165, 166, 155, 161),
            *(248, 249, 250, 246, 175, 313, 312, 88, 266, 86, 265, 133, 259),  # keys kexec modules kcmp *link* mknod*
        ),
        (57, 58),  # fork vfork
    ),
    "aarch64": (
        0xC00000B7,
        {"socket": 198, "clone": 220, "kill": 129, "tkill": 130, "tgkill": 131, "prlimit": 261},
        (
            *(154, 157, 117, 270, 271, 264, 265, 280, 241, 282, 97, 268, 40, 39, 41, 51),
            *(217, 218, 219, 104, 105, 273, 272, 36, 37, 33),
        ),
        (),
    ),
}
CLONE3 = 435
CLONE_THREAD, CLONE_NEW = 0x10000, 0x7E020080
AF_UNIX = 1


class Refused(Exception):
    """The kernel refused what it says it can do; the program is not started."""


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def landlock_version() -> int:
    """Return the version of Landlock that this process may use, 0 for none."""
    return max(0, int(_libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


class Landlock:
    """A set of rules on files, and none for the network: made while paths can be opened, put in force later."""

    def __init__(self, version: int) -> None:
        self._libc = _libc()
        self._known = (1 << KNOWN_BITS.get(version, 16)) - 1
        sizes = 8 if version < 4 else 16 if version < 6 else 24
        attributes = struct.pack("=QQQ", self._known, TCP, SCOPES)[:sizes]
        self._rules = int(self._libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(sizes), 0))
        if self._rules < 0:
            raise Refused(f"landlock_create_ruleset: {os.strerror(ctypes.get_errno())}")

    def allow(self, path: str, rights: int) -> None:
        """Allow `rights` to a file, or to a folder and all in it. A path that is not there needs no rule."""
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= OF_A_FILE
        rule = struct.pack("=Qi", rights & self._known, place)
        if self._libc.syscall(ADD_RULE, self._rules, 1, rule, 0) != 0:
            raise Refused(f"landlock_add_rule: {os.strerror(ctypes.get_errno())}")
        os.close(place)

    def enforce(self) -> None:
        """Put the rules in force for this process and all that come from it."""
        if self._libc.syscall(RESTRICT_SELF, self._rules, 0) != 0:
            raise Refused(f"landlock_restrict_self: {os.strerror(ctypes.get_errno())}")
        os.close(self._rules)


def _statement(code: int, k: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, k)


def _if_equal(k: int, then: bytes) -> bytes:
    return _statement(0x15, k, 0, len(then) // 8) + then


def _refuse(error: int) -> bytes:
    return _statement(0x06, 0x50000 | error)


_ALLOW = _statement(0x06, 0x7FFF0000)
_NUMBER, _FIRST_ARGUMENT = _statement(0x20, 0), _statement(0x20, 16)


def seccomp_filter(machine: str, pid: int, many: bool) -> bytes:
    """Return the BPF program for this kind of machine: sockets, other processes and the kernel's workshops refused.

    Processes stay in their group (no setsid), so that killing the group ends them all.
    """
    arch, numbers, refused, forks = MACHINES[machine]
    program = _statement(0x20, 4) + _statement(0x15, arch, 1, 0) + _refuse(EPERM) + _NUMBER
    if machine == "x86_64":
        program += _statement(0x35, 0x40000000, 0, 1) + _refuse(EPERM)  # x32: the same calls by other numbers
    for number in (*COMMON, *refused, *(() if many else forks)):
        program += _if_equal(number, _refuse(EPERM))
    program += _if_equal(CLONE3, _refuse(ENOSYS))  # its flags cannot be looked at; libraries then use clone
    local = _statement(0x15, AF_UNIX, 1, 0) if many else b""
    program += _if_equal(numbers["socket"], _FIRST_ARGUMENT + local + _refuse(EACCES) + _ALLOW)
    threads_only = _statement(0x45, CLONE_NEW, 0, 1) + _refuse(EPERM)
    if not many:
        threads_only += _statement(0x45, CLONE_THREAD, 1, 0) + _refuse(EPERM)
    program += _if_equal(numbers["clone"], _FIRST_ARGUMENT + threads_only + _ALLOW)
    itself = _FIRST_ARGUMENT + _statement(0x15, pid, 2, 0) + _statement(0x15, 0, 1, 0) + _refuse(EPERM) + _ALLOW
    for name in ("prlimit",) if many else ("prlimit", "kill", "tgkill"):
        program += _if_equal(numbers[name], itself)
    return program + _ALLOW


def _filter_calls(many: bool) -> bool:
    """Put the filter in force; False where the kernel or this kind of machine has none."""
    machine = os.uname().machine
    if machine not in MACHINES:
        return False
    program = seccomp_filter(machine, os.getpid(), many)
    held = ctypes.create_string_buffer(program, len(program))
    packed = struct.pack("@HP", len(program) // 8, ctypes.addressof(held))
    return bool(_libc().prctl(PR_SET_SECCOMP, ctypes.c_ulong(2), packed, 0, 0) == 0)


def _limit(which: int, value: int, grace: int = 0) -> None:
    _, hard = resource.getrlimit(which)
    most = value + grace if hard == resource.RLIM_INFINITY else min(value + grace, hard)
    resource.setrlimit(which, (min(value, most), most))


def _become(user: int, search: bool) -> None:
    """Become an unprivileged user; with `search` keep rights for now."""
    libc = _libc()
    os.setgroups([])
    os.setresgid(user, user, user)
    if search:
        libc.prctl(PR_SET_KEEPCAPS, ctypes.c_ulong(1), 0, 0, 0)
        libc.prctl(PR_SET_SECUREBITS, ctypes.c_ulong(NO_SETUID_FIXUP), 0, 0, 0)  # or access(2) would not see the right
    os.setresuid(user, user, user)


def _give_up_rights(search: bool) -> None:
    """Give up all capabilities, except, with `search`, that to pass and read what is closed to this user."""
    libc = _libc()
    bit = 1 << CAP_DAC_READ_SEARCH if search else 0
    libc.prctl(PR_CAP_AMBIENT, ctypes.c_ulong(AMBIENT_CLEAR), 0, 0, 0)
    if libc.capset(struct.pack("=Ii", CAPABILITY_VERSION, 0), struct.pack("=6I", bit, bit, bit, 0, 0, 0)) != 0:
        raise Refused(f"capset: {os.strerror(ctypes.get_errno())}")
    if search:
        libc.prctl(PR_CAP_AMBIENT, ctypes.c_ulong(AMBIENT_RAISE), ctypes.c_ulong(CAP_DAC_READ_SEARCH), 0, 0)


def _rules(program: str, words: list[str]) -> Landlock:
    rules = Landlock(landlock_version())
    look = READ_FILE | READ_DIR
    for path in LIBRARIES:
        rules.allow(path, EXECUTE | look)
    for path in KERNEL:
        rules.allow(path, look)
    rules.allow("/dev/null", READ_FILE | WRITE_FILE | TRUNCATE)
    change = look | WRITE_FILE | TRUNCATE | REMOVE_FILE | MAKE_REG
    if "many" in words:
        change |= MAKE_DIR | REMOVE_DIR | MAKE_SOCK | REFER
        rules.allow("/proc/self", look)
        rules.allow("/tmp", MAKE_SOCK | REMOVE_FILE)  # noqa: S108 - LibreOffice's own code puts its socket there
        for path in PROGRAMS:
            rules.allow(path, EXECUTE | look)
    rules.allow(program, EXECUTE | READ_FILE)
    for path in _values(words, "read"):
        rules.allow(path, EXECUTE | look)
    for path in _values(words, "write"):
        rules.allow(path, change)
    return rules


def _values(words: list[str], name: str) -> list[str]:
    return [word[len(name) + 1 :] for word in words if word.startswith(f"{name}=")]


def _confine(parent: int, limits: list[int], words: list[str], program: str) -> str:
    """Do it; return in words what is in force."""
    memory, cpu, size = limits
    without, many = _values(words, "without"), "many" in words
    rules = _rules(program, words) if "landlock" not in without and landlock_version() > 0 else None
    os.chdir((_values(words, "cwd") or ["/"])[0])
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CPU, cpu, CPU_GRACE_S)  # a signal that says what it was, before the one that kills
    _limit(resource.RLIMIT_FSIZE, size)
    user = _values(words, "user")
    if user or many:  # a person's own user may have many processes already
        _limit(resource.RLIMIT_NPROC, PROCESSES)
    search = "search" in words and rules is not None  # without rules it would open everything
    if user:
        _become(int(user[0]), search)
    _give_up_rights(search)
    _libc().prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0)
    _libc().prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(SIGKILL), 0, 0, 0)  # after the user: that clears it
    if os.getppid() != parent:
        os._exit(1)
    if rules is not None:
        rules.enforce()
    filtered = "seccomp" not in without and _filter_calls(many)
    return f"landlock={landlock_version() if rules else 0} seccomp={int(filtered)} user={os.getuid()}"


def main(words: list[str]) -> None:
    """Confine, then exec; does not return."""
    at = words.index("--")
    program, arguments = words[at + 1], words[at + 1 :]
    os.setpgid(0, 0)
    os.nice(5)
    opened = os.open(program, os.O_RDONLY | os.O_CLOEXEC) if program != "report" else -1
    in_force = "limits only"
    if sys.platform == "linux":
        try:
            in_force = _confine(int(words[0]), [int(word) for word in words[1:4]], words[4:at], program)
        except (OSError, Refused) as error:
            sys.stderr.write(f"{SAYS}{error}\n")
            sys.stderr.flush()
            os._exit(FAILED)
    if program == "report":
        sys.stdout.write(f"{in_force}\n")
        return
    # by its file where the user may not go through the folders above it
    target: str | int = program if os.access(program, os.X_OK) else opened
    os.execve(target, arguments, os.environ)  # noqa: S606 - to become the tool is what this script is for


if __name__ == "__main__":
    main(sys.argv[1:])
