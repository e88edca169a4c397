/* The player of the lesson pages. ES5, no build step, floor Chrome 49 / Android 5 WebView.

   The page works without it: <video controls src=…mp4> plays by itself. With it, a lesson plays through hls.js where
   there is Media Source Extensions, else through the browser's own HLS (Apple), else from the progressive MP4, and
   what goes wrong is said in the page's language and put right by itself where that is possible.

   It reads: on <video> data-hls, data-mp4, data-start (seconds); on .player data-lesson and the words data-say-*.
   It writes: data-player on <video>, one of "hls.js", "native", "progressive".
   ?player=hls.js|native|progressive in the page's address overrules the choice, for odd browsers and tests.
   Keys: space, arrows (5 s; volume), f full screen, c captions, m mute, 0 from the beginning. */
(function () {
  "use strict";

  var SEEK_SECONDS = 5;
  var SAVE_EVERY_SECONDS = 5;
  var TOO_NEAR_AN_END_SECONDS = 8;
  var WAITING_SHOWN_AFTER_MS = 1500;
  var LONGEST_RETRY_MS = 15000;

  /* localStorage throws in private windows and when the disk is full: then nothing is remembered. */
  function recall(key) {
    try { return window.localStorage.getItem("songtan." + key); } catch (refused) { return null; }
  }
  function remember(key, value) {
    try {
      if (value === null) { window.localStorage.removeItem("songtan." + key); }
      else { window.localStorage.setItem("songtan." + key, value); }
    } catch (refused) { /* see recall */ }
  }

  function wish() {
    var found = /[?&]player=([a-z.]+)/.exec(window.location.search);
    return found ? found[1].replace("hlsjs", "hls.js") : "";
  }

  /* Chrome answers "maybe" for m3u8 and plays it badly or not at all, so where MSE is, hls.js is. */
  function choose(video) {
    var hls = video.getAttribute("data-hls");
    var mse = window.Hls && window.MediaSource && window.Hls.isSupported();
    var wanted = wish();
    if (wanted === "progressive" || !hls) { return "progressive"; }
    if (wanted === "native") { return "native"; }
    if (mse) { return "hls.js"; }
    return video.canPlayType("application/vnd.apple.mpegurl") ? "native" : "progressive";
  }

  function Player(box) {
    this.box = box;
    this.video = box.getElementsByTagName("video")[0];
    this.message = box.getElementsByClassName("player-message")[0];
    this.lesson = box.getAttribute("data-lesson");
    this.hls = null;
    this.wanted = false; /* whether the person wants it to play: survives faults and reloads */
    this.retries = 0;
    this.timer = 0;
    this.mediaFaults = 0;
    this.savedAt = 0;
    box.songtanPlayer = this; /* for slides.js */
    this.start = this.whereToStart();
    this.addPlayButton();
    this.listen();
    this.open(choose(this.video));
  }

  /* What is said to the person --------------------------------------------------------------------------------- */

  Player.prototype.say = function (words, bad) {
    this.message.textContent = words ? this.box.getAttribute("data-say-" + words) : "";
    this.message.className = "player-message" + (bad ? " player-message-bad" : "");
    this.message.setAttribute("role", bad ? "alert" : "status");
    this.message.hidden = !words;
    this.said = words;
  };

  Player.prototype.quiet = function () {
    window.clearTimeout(this.waitingTimer);
    if (this.said && this.said !== "resumed") { this.say(""); }
  };

  Player.prototype.giveUp = function (words) {
    var self = this;
    var button = document.createElement("button");
    window.clearTimeout(this.timer);
    this.say(words, true);
    button.type = "button";
    button.textContent = this.box.getAttribute("data-say-again");
    button.onclick = function () { self.retries = 0; self.mediaFaults = 0; self.reopen(); };
    this.message.appendChild(button);
  };

  /* Only before the first play and at the end: a paused lesson is a picture that the teacher talks about. */
  Player.prototype.addPlayButton = function () {
    var self = this;
    var button = document.createElement("button");
    button.type = "button";
    button.className = "player-play";
    button.setAttribute("aria-label", this.box.getAttribute("data-say-play"));
    button.onclick = function () { self.play(); };
    this.video.parentNode.appendChild(button);
    this.button = button;
  };

  Player.prototype.play = function () {
    this.wanted = true;
    this.button.hidden = true;
    if (this.video.error) { return; } /* reopen plays it when it can */
    var started = this.video.play();
    /* Old browsers return nothing; new ones a promise that is refused when a pause or a reload comes first. */
    if (started && started["catch"]) { started["catch"](function () { return undefined; }); }
  };

  /* Opening ---------------------------------------------------------------------------------------------------- */

  Player.prototype.whereToStart = function () {
    var asked = parseFloat(this.video.getAttribute("data-start")) || 0;
    var kept = parseFloat(recall("position." + this.lesson)) || 0;
    this.resumed = !asked && kept > 0;
    return asked || kept;
  };

  Player.prototype.open = function (how) {
    var video = this.video;
    this.close();
    this.how = how;
    video.setAttribute("data-player", how);
    if (how === "hls.js") {
      /* An old WebView may have MSE and still lack something that hls.js calls. */
      try { this.openHls(); } catch (tooOld) { this.hls = null; this.open("progressive"); }
      return;
    }
    var address = video.getAttribute(how === "native" ? "data-hls" : "data-mp4");
    if (video.getAttribute("src") !== address || video.error || this.retries) { video.src = address; }
    if (video.readyState >= 1) { this.seekToStart(); }
    /* The page's own <video> may have failed before this script ran. */
    if (video.error) { this.onVideoError(); }
  };

  Player.prototype.openHls = function () {
    var self = this;
    var video = this.video;
    var hls = new window.Hls({
      startPosition: this.start || -1,
      enableWorker: false, /* fMP4 needs no remuxing, and a worker would need a blob: script in the policy */
      maxBufferLength: 30,
      maxMaxBufferLength: 60,
      backBufferLength: 30, /* a phone of 2016 has little memory */
      abrEwmaDefaultEstimate: 2e7, /* the node is on the school's own network: begin with the best that is here */
      /* Captions are <track> elements; hls.js would add each a second time, and empty ours. */
      timelineController: undefined,
      subtitleTrackController: undefined,
      subtitleStreamController: undefined
    });
    video.removeAttribute("src");
    video.load();
    this.hls = hls;
    /* Left alone, hls.js begins with the newest codec that it can play, be its picture the smallest. The playlist says
       better: its first rendition, of those that this browser plays, is the best that the node has. */
    hls.on(window.Hls.Events.MANIFEST_PARSED, function (name, found) { hls.startLevel = found.firstLevel; });
    hls.on(window.Hls.Events.ERROR, function (name, fault) { self.onHlsError(fault); });
    hls.on(window.Hls.Events.FRAG_BUFFERED, function () { self.retries = 0; });
    hls.loadSource(video.getAttribute("data-hls"));
    hls.attachMedia(video);
  };

  Player.prototype.close = function () {
    window.clearTimeout(this.timer);
    if (this.hls) { this.hls.destroy(); this.hls = null; }
  };

  /* The same lesson again, from where it was. */
  Player.prototype.reopen = function (how) {
    this.start = this.video.currentTime || this.start;
    this.resumed = false;
    this.retries += 1;
    this.open(how || this.how);
    if (this.wanted) { this.play(); }
  };

  Player.prototype.seekToStart = function () {
    if (this.start && this.how !== "hls.js") { this.video.currentTime = this.start; }
    if (this.start && this.resumed) { this.say("resumed"); }
    this.start = 0;
    this.resumed = false;
  };

  /* Faults ----------------------------------------------------------------------------------------------------- */

  Player.prototype.later = function (act) {
    var wait = Math.min(LONGEST_RETRY_MS, 1000 * Math.pow(2, Math.min(this.retries, 4)));
    this.retries += 1;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(act, wait);
  };

  Player.prototype.onHlsError = function (fault) {
    var self = this;
    var kinds = window.Hls.ErrorTypes;
    var status = fault.response ? fault.response.code : 0;
    var manifest = /^(manifest|level|audioTrack)(Load|Parsing)/.test(fault.details || "");
    if (!fault.fatal) {
      if (fault.type === kinds.NETWORK_ERROR && this.video.readyState < 3) { this.say("network"); }
      return;
    }
    if (fault.type === kinds.NETWORK_ERROR && manifest && (status === 404 || status === 410)) {
      this.giveUp("gone");
    } else if (fault.type === kinds.NETWORK_ERROR) {
      this.say("network");
      this.later(function () {
        if (manifest) { self.reopen(); } else { self.hls.startLoad(); }
      });
    } else if (fault.type === kinds.MEDIA_ERROR && this.mediaFaults < 2) {
      this.mediaFaults += 1;
      this.say("media");
      if (this.mediaFaults === 2) { this.hls.swapAudioCodec(); }
      this.hls.recoverMediaError();
      if (this.wanted) { this.play(); }
    } else {
      this.reopen("progressive");
    }
  };

  Player.prototype.onVideoError = function () {
    var self = this;
    var code = this.video.error ? this.video.error.code : 0;
    if (this.how === "hls.js" || !code || code === 1) { return; }
    if (code === 2) {
      this.say("network");
      this.later(function () { self.reopen(); });
      return;
    }
    /* "Cannot be decoded" and "not supported" may as well be a page that is not there: ask once. */
    this.ask(this.video.getAttribute("data-mp4"), function (status) {
      if (status === 404 || status === 410) { self.giveUp("gone"); }
      else if (!status || status >= 500) { self.say("network"); self.later(function () { self.reopen(); }); }
      else if (self.how === "native") { self.reopen("progressive"); }
      else if (code === 3 && self.mediaFaults < 2) {
        self.mediaFaults += 1;
        self.say("media");
        self.later(function () { self.reopen(); });
      } else { self.giveUp("unsupported"); }
    });
  };

  Player.prototype.ask = function (address, answer) {
    var request = new XMLHttpRequest();
    request.open("HEAD", address);
    request.timeout = 8000;
    request.onload = function () { answer(request.status); };
    request.onerror = request.ontimeout = function () { answer(0); };
    request.send();
  };

  /* The video's own events ------------------------------------------------------------------------------------- */

  Player.prototype.listen = function () {
    var self = this;
    var video = this.video;
    function on(names, act) {
      names.split(" ").forEach(function (name) { video.addEventListener(name, act); });
    }
    on("loadedmetadata", function () { self.seekToStart(); });
    on("play", function () {
      self.wanted = true;
      self.button.hidden = true;
      if (self.said === "resumed") { window.setTimeout(function () { if (self.said === "resumed") { self.say(""); } }, 6000); }
    });
    on("playing", function () { self.retries = 0; self.quiet(); });
    on("canplay", function () { self.quiet(); });
    on("waiting", function () {
      window.clearTimeout(self.waitingTimer);
      self.waitingTimer = window.setTimeout(function () { if (!self.said) { self.say("waiting"); } }, WAITING_SHOWN_AFTER_MS);
    });
    on("error", function () { self.onVideoError(); });
    on("timeupdate", function () {
      if (Math.abs(video.currentTime - self.savedAt) >= SAVE_EVERY_SECONDS) { self.save(); }
      /* A fault noted while the last picture stood still is over once pictures move again. */
      if (!video.paused && !video.seeking && video.readyState >= 3) { self.quiet(); }
    });
    on("pause", function () { self.wanted = false; self.save(); });
    on("ended", function () { remember("position." + self.lesson, null); self.button.hidden = false; });
    window.addEventListener("pagehide", function () { self.save(); });
    this.rememberCaptions();
  };

  Player.prototype.save = function () {
    var now = this.video.currentTime;
    var length = this.video.duration;
    if (!now || !length || !isFinite(length)) { return; }
    this.savedAt = now;
    var worthIt = now > TOO_NEAR_AN_END_SECONDS && now < length - TOO_NEAR_AN_END_SECONDS;
    remember("position." + this.lesson, worthIt ? String(Math.floor(now)) : null);
  };

  Player.prototype.rememberCaptions = function () {
    var tracks = this.video.textTracks;
    if (!tracks || !tracks.length || !tracks.addEventListener) { return; }
    if (recall("captions") === "off") { this.setCaptions(false); }
    tracks.addEventListener("change", function () {
      var shown = false;
      for (var i = 0; i < tracks.length; i += 1) { shown = shown || tracks[i].mode === "showing"; }
      remember("captions", shown ? null : "off");
    });
  };

  Player.prototype.setCaptions = function (on) {
    var tracks = this.video.textTracks;
    for (var i = 0; i < tracks.length; i += 1) { tracks[i].mode = on && i === 0 ? "showing" : "disabled"; }
    remember("captions", on ? null : "off");
  };

  /* Keys ------------------------------------------------------------------------------------------------------- */

  Player.prototype.fullScreen = function () {
    var video = this.video;
    var now = document.fullscreenElement || document.webkitFullscreenElement || document.mozFullScreenElement;
    var leave = document.exitFullscreen || document.webkitExitFullscreen || document.mozCancelFullScreen;
    var enter = video.requestFullscreen || video.webkitRequestFullscreen || video.mozRequestFullScreen
      || video.webkitEnterFullscreen;
    if (now && leave) { leave.call(document); } else if (enter) { enter.call(video); }
  };

  Player.prototype.key = function (name) {
    var video = this.video;
    var length = isFinite(video.duration) ? video.duration : 0;
    switch (name) {
    case " ": case "Spacebar": if (video.paused) { this.play(); } else { video.pause(); } return true;
    case "ArrowLeft": case "Left": video.currentTime = Math.max(0, video.currentTime - SEEK_SECONDS); return true;
    case "ArrowRight": case "Right": video.currentTime = Math.min(length, video.currentTime + SEEK_SECONDS); return true;
    case "ArrowUp": case "Up": video.volume = Math.min(1, video.volume + 0.1); return true;
    case "ArrowDown": case "Down": video.volume = Math.max(0, video.volume - 0.1); return true;
    case "0": video.currentTime = 0; return true;
    case "f": case "F": this.fullScreen(); return true;
    case "m": case "M": video.muted = !video.muted; return true;
    case "c": case "C":
      if (video.textTracks && video.textTracks.length) { this.setCaptions(video.textTracks[0].mode !== "showing"); }
      return true;
    default: return false;
    }
  };

  /* Chrome before 51 has no event.key. */
  var KEYS = { 32: " ", 37: "ArrowLeft", 38: "ArrowUp", 39: "ArrowRight", 40: "ArrowDown", 48: "0", 67: "c", 70: "f", 77: "m" };

  function start() {
    var boxes = document.getElementsByClassName("player");
    var first = null;
    for (var i = 0; i < boxes.length; i += 1) {
      var player = new Player(boxes[i]);
      first = first || player;
    }
    if (!first) { return; }
    document.addEventListener("keydown", function (event) {
      var at = (event.target.tagName || "").toLowerCase();
      var busy = /^(a|button|input|select|textarea|summary)$/.test(at) || event.target.isContentEditable;
      if (busy || event.ctrlKey || event.altKey || event.metaKey) { return; }
      /* Before the browser's own controls see it, or space would start and stop in one stroke. */
      if (first.key(event.key || KEYS[event.keyCode])) { event.preventDefault(); }
    }, true);
  }

  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", start); } else { start(); }
}());
