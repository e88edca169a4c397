/* Keeps a part of a page as it is now: [data-live] is the address of that part's HTML, [data-live-every] in ms.

   An answer with the header Songtan-Live: reload says that the rest of the page changes too (a job has ended).
   Asks less often while nothing changes or the centre does not answer (after two tries it says so, in the words
   data-away of this script's tag), and not at all while nobody looks.
   Without script the page refreshes itself by <meta>. */
(function () {
  "use strict";
  const SLOWEST_MS = 30000;
  const AWAY = document.currentScript.dataset.away;

  function watch(part) {
    const every = Number(part.dataset.liveEvery);
    let wait = every;
    let last = "";
    let missed = 0;
    const away = document.createElement("p");
    away.className = "notice notice-warn";
    away.setAttribute("role", "status");
    away.textContent = AWAY;

    function later() { window.setTimeout(ask, wait); }

    async function ask() {
      if (document.hidden) { wait = every; later(); return; }
      try {
        const answer = await fetch(part.dataset.live, { credentials: "same-origin", cache: "no-store" });
        if (answer.redirected || answer.status === 401 || answer.headers.get("Songtan-Live") === "reload") {
          window.location.reload();
          return;
        }
        if (!answer.ok) { throw new Error(String(answer.status)); }
        const html = await answer.text();
        missed = 0;
        away.remove();
        if (html === last) {
          wait = Math.min(wait * 1.2, every * 5);
        } else {
          wait = every;
          if (!part.contains(document.activeElement) || last === "") { part.innerHTML = html; last = html; }
        }
      } catch (fault) {
        missed += 1;
        if (missed > 1 && AWAY) { part.before(away); }
        wait = Math.min(wait * 2, SLOWEST_MS);
      }
      later();
    }
    later();
  }

  for (const part of document.querySelectorAll("[data-live][data-live-every]")) { watch(part); }
})();
