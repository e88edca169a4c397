/* Keeps a page that tells how far something is up to date: asks for it again and puts the new content in place.
   ES5, no build step, floor Chrome 49. Without it the page says what was true when it was opened.
   It reads data-watch (seconds) on an element inside #content; a page without it is the end: it is opened whole. */
(function () {
  "use strict";

  var content = document.getElementById("content");

  function seconds() {
    var watched = content.querySelector("[data-watch]");
    return watched ? parseFloat(watched.getAttribute("data-watch")) : 0;
  }

  function later() {
    if (seconds()) { window.setTimeout(look, seconds() * 1000); }
  }

  function show(text) {
    var fresh = new DOMParser().parseFromString(text, "text/html").getElementById("content");
    if (!fresh) { return; }
    if (!fresh.querySelector("[data-watch]")) { window.location.reload(); return; }
    if (content.contains(document.activeElement) && document.activeElement !== content) { return; }
    if (fresh.innerHTML !== content.innerHTML) { content.innerHTML = fresh.innerHTML; }
  }

  function look() {
    var request = new XMLHttpRequest();
    if (document.hidden) { later(); return; }
    request.open("GET", window.location.href);
    request.timeout = 8000;
    request.onload = function () {
      if (request.status === 200) { show(request.responseText); }
      later();
    };
    request.onerror = request.ontimeout = later;
    request.send();
  }

  later();
}());
