/* Stills and chapters of the lesson pages, beside player.js. ES5, no build step, floor Chrome 49 / Android 5 WebView.

   Without it a lesson that is listened to shows its first still, and a chapter's link opens the file at its time.
   With it the still changes with the voice, a link seeks, and where there is a mouse a strip under the picture shows
   what stands at a time before one goes there.

   It reads: on .player data-thumbnails (the address of a WebVTT track whose cues are addresses of pictures); on the
   links of .chapters data-at (seconds). It writes: data-shows on .player-still, the start in seconds of what it shows. */
(function () {
  "use strict";

  var LOOK_AGAIN_MS = 30000;
  var CUE = /(\d+):(\d\d):(\d\d\.\d\d\d) --> (\d+):(\d\d):(\d\d\.\d\d\d)\n([^\n]+)/g;

  function seconds(hours, minutes, rest) { return hours * 3600 + minutes * 60 + parseFloat(rest); }

  function clock(time) {
    var whole = Math.floor(time);
    var minutes = Math.floor(whole / 60) % 60;
    var hours = Math.floor(whole / 3600);
    function two(number) { return (number < 10 ? "0" : "") + number; }
    return (hours ? hours + ":" + two(minutes) : minutes) + ":" + two(whole % 60);
  }

  function at(parts, time) {
    for (var i = parts.length - 1; i >= 0; i -= 1) {
      if (parts[i].start <= time) { return time < parts[i].end ? parts[i] : null; }
    }
    return null;
  }

  function Slides(box) {
    this.box = box;
    this.video = box.getElementsByTagName("video")[0];
    this.picture = box.getElementsByClassName("player-still")[0];
    this.stills = [];
    this.askedAt = 0;
    this.links = document.querySelectorAll(".chapters a[data-at]");
    this.full = box.getElementsByClassName("player-full")[0];
    this.listen();
    this.ask();
    if (window.matchMedia && window.matchMedia("(hover: hover)").matches) { this.addStrip(); }
  }

  /* The stills that are here. There may be more later, so a gap is asked about again, but not often. */
  Slides.prototype.ask = function () {
    var self = this;
    var address = this.box.getAttribute("data-thumbnails");
    var now = new Date().getTime();
    if (!address || (this.askedAt && now - this.askedAt < LOOK_AGAIN_MS)) { return; }
    this.askedAt = now;
    var request = new XMLHttpRequest();
    request.open("GET", address);
    request.onload = function () {
      var found = [];
      request.responseText.replace(CUE, function (all, h, m, s, h2, m2, s2, text) {
        found.push({ start: seconds(h, m, s), end: seconds(h2, m2, s2), address: text });
      });
      if (request.status === 200) { self.stills = found; self.follow(); }
    };
    request.send();
  };

  /* What the voice speaks about. The poster is what a full screen shows, so it changes too, once the picture is here. */
  Slides.prototype.follow = function () {
    var video = this.video;
    var still = at(this.stills, video.currentTime);
    if (!still && !video.paused) { this.ask(); }
    if (still && this.picture && this.picture.getAttribute("data-shows") !== String(still.start)) {
      this.picture.onload = function () { video.poster = still.address; };
      this.picture.src = still.address;
      this.picture.setAttribute("data-shows", String(still.start));
    }
    if (this.full) { this.liftCaptions(); }
    this.markChapter();
  };

  /* The controls of a sound never go away: captions would stand behind them. */
  Slides.prototype.liftCaptions = function () {
    var tracks = this.video.textTracks || [];
    for (var i = 0; i < tracks.length; i += 1) {
      var cues = tracks[i].activeCues || [];
      for (var j = 0; j < cues.length; j += 1) {
        if (cues[j].line === "auto" || (!cues[j].snapToLines && cues[j].line > 75)) {
          cues[j].snapToLines = true;
          cues[j].line = -3;
        }
      }
    }
  };

  Slides.prototype.markChapter = function () {
    var current = -1;
    for (var i = 0; i < this.links.length; i += 1) {
      if (parseFloat(this.links[i].getAttribute("data-at")) <= this.video.currentTime + 0.05) { current = i; }
    }
    if (current === this.current) { return; }
    this.current = current;
    for (var j = 0; j < this.links.length; j += 1) {
      if (j === current) { this.links[j].setAttribute("aria-current", "true"); }
      else { this.links[j].removeAttribute("aria-current"); }
    }
  };

  Slides.prototype.go = function (time) {
    this.video.currentTime = time;
    this.follow();
  };

  Slides.prototype.whenReady = function (act) {
    var video = this.video;
    function once() { video.removeEventListener("loadedmetadata", once); act(); }
    if (video.readyState) { act(); } else { video.addEventListener("loadedmetadata", once); }
  };

  Slides.prototype.listen = function () {
    var self = this;
    ["timeupdate", "seeking", "loadedmetadata"].forEach(function (name) {
      self.video.addEventListener(name, function () { self.follow(); });
    });
    if (this.full && (document.fullscreenEnabled || document.webkitFullscreenEnabled)) {
      this.full.hidden = false;
      this.full.onclick = function () { self.box.songtanPlayer.fullScreen(); };
    }
    Array.prototype.forEach.call(this.links, function (link) {
      link.addEventListener("click", function (event) {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) { return; }
        event.preventDefault();
        self.whenReady(function () { self.go(parseFloat(link.getAttribute("data-at"))); });
        self.box.songtanPlayer.play();
        if (self.box.scrollIntoView) { self.box.scrollIntoView(); }
      });
    });
  };

  /* The strip: for a mouse only. The browser's own bar is there for keys and for whoever cannot see this one. */
  Slides.prototype.addStrip = function () {
    if (!this.box.getAttribute("data-thumbnails") && !this.links.length) { return; }
    var self = this;
    var strip = document.createElement("div");
    strip.className = "player-strip";
    strip.setAttribute("aria-hidden", "true");
    strip.innerHTML = "<div class=\"player-strip-played\"></div>"
      + "<div class=\"player-peek\" hidden><img alt=\"\"><span class=\"player-peek-words\"></span></div>";
    this.strip = strip;
    this.played = strip.firstChild;
    this.peek = strip.lastChild;
    this.box.getElementsByClassName("player-frame")[0].insertAdjacentElement("afterend", strip);
    this.video.addEventListener("timeupdate", function () { self.fillStrip(); });
    this.video.addEventListener("seeking", function () { self.fillStrip(); });
    this.video.addEventListener("durationchange", function () { self.markStrip(); });
    strip.addEventListener("mousemove", function (event) { self.look(event); });
    strip.addEventListener("mouseleave", function () { self.peek.hidden = true; });
    strip.addEventListener("mousedown", function (event) { self.drag(event); });
    this.markStrip();
  };

  Slides.prototype.length = function () {
    return isFinite(this.video.duration) ? this.video.duration || 0 : 0;
  };

  Slides.prototype.timeAt = function (event) {
    var area = this.strip.getBoundingClientRect();
    var share = (event.clientX - area.left) / area.width;
    return Math.max(0, Math.min(1, share)) * this.length();
  };

  Slides.prototype.fillStrip = function () {
    if (this.length()) { this.played.style.width = 100 * this.video.currentTime / this.length() + "%"; }
  };

  Slides.prototype.markStrip = function () {
    var old = this.strip.getElementsByClassName("player-strip-mark");
    while (old.length) { this.strip.removeChild(old[0]); }
    for (var i = 0; i < this.links.length && this.length(); i += 1) {
      var start = parseFloat(this.links[i].getAttribute("data-at"));
      if (start > 0) {
        var mark = document.createElement("div");
        mark.className = "player-strip-mark";
        mark.style.left = 100 * start / this.length() + "%";
        this.strip.insertBefore(mark, this.peek);
      }
    }
    this.fillStrip();
  };

  Slides.prototype.look = function (event) {
    var time = this.timeAt(event);
    var still = at(this.stills, time);
    var picture = this.peek.firstChild;
    var area = this.strip.getBoundingClientRect();
    var title = "";
    if (!this.length()) { return; }
    for (var i = 0; i < this.links.length; i += 1) {
      if (parseFloat(this.links[i].getAttribute("data-at")) <= time) {
        title = this.links[i].getElementsByClassName("chapter-title")[0].textContent;
      }
    }
    this.peek.hidden = false;
    picture.hidden = !still;
    if (still && picture.getAttribute("src") !== still.address) { picture.src = still.address; }
    this.peek.lastChild.textContent = clock(time) + (title ? " · " + title : "");
    var half = this.peek.offsetWidth / 2;
    this.peek.style.left = Math.max(half, Math.min(area.width - half, event.clientX - area.left)) + "px";
  };

  Slides.prototype.drag = function (event) {
    var self = this;
    function move(moved) { self.look(moved); }
    function drop(dropped) {
      document.removeEventListener("mousemove", move);
      document.removeEventListener("mouseup", drop);
      self.peek.hidden = dropped.target !== self.strip;
      self.go(self.timeAt(dropped));
    }
    if (event.button !== 0 || !this.length()) { return; }
    event.preventDefault();
    document.addEventListener("mousemove", move);
    document.addEventListener("mouseup", drop);
  };

  function start() {
    var boxes = document.getElementsByClassName("player");
    for (var i = 0; i < boxes.length; i += 1) { new Slides(boxes[i]).follow(); }
  }

  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", start); } else { start(); }
}());
