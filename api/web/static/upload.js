/* Uploads a file of any size straight to the object store, part by part, by addresses that the centre signs.

   .upload carries: data-kind (recording or deck), data-start (where an upload begins), data-csrf, data-source/-name/-size of one that was begun,
   and the words data-say-*. The centre's answers, all JSON:
     POST data-start {name, size, content_type, kind} -> {source, part_size, parts: [numbers that are there], base}
     POST base/parts {numbers}                   -> {urls: {number: address}}
     POST base/complete                          -> {next}
     POST base/abandon                           -> {}
   The file is read by File.slice, so only the parts in flight are in memory. The store is the truth about what is
   there: after a reload the same file is chosen again and only the rest is sent. */
(function () {
  "use strict";

  const AT_ONCE = 3;
  const ADDRESSES_AT_ONCE = 12;
  const RATE_WINDOW_MS = 8000;
  const LONGEST_WAIT_MS = 30000;
  const STALLED_MS = 60000;
  const VIDEO_NAME = /\.(mp4|m4v|mov|mkv|webm|avi|wmv|flv|mts|m2ts|ts|mpe?g|vob|rmvb|mxf|3gp|ogv)$/i;

  const DECK_NAME = /\.(pdf|pptx)$/i;

  class Refused extends Error {}

  function sizeWords(count) {
    let size = count;
    for (const unit of ["B", "kB", "MB", "GB"]) {
      if (size < 999.5) { return (unit === "B" || unit === "kB" || size >= 100 ? size.toFixed(0) : size.toFixed(1)) + " " + unit; }
      size /= 1000;
    }
    return size.toFixed(1) + " TB";
  }

  function durationWords(seconds, units) {
    const whole = Math.max(1, Math.round(seconds));
    const parts = [[Math.floor(whole / 3600), units[0]], [Math.floor(whole % 3600 / 60), units[1]], [whole % 60, units[2]]];
    while (parts.length > 1 && parts[0][0] === 0) { parts.shift(); }
    return parts.slice(0, 2).filter((part) => part[0]).map((part) => part.join(" ")).join(" ") || "1 " + units[2];
  }

  function pause(ms) { return new Promise((resolve) => window.setTimeout(resolve, ms)); }

  class Upload {
    constructor(box) {
      this.box = box;
      this.say = box.dataset;
      this.input = box.querySelector(".drop-input");
      this.drop = box.querySelector(".drop");
      this.run = box.querySelector(".upload-run");
      this.pauseButton = box.querySelector(".upload-pause");
      this.file = null;
      this.paused = false;
      this.over = true;
      this.flights = new Map();
      this.addresses = new Map();
      this.marks = [];
      box.hidden = false;
      this.listen();
    }

    listen() {
      this.input.addEventListener("change", () => { if (this.input.files.length) { this.choose(this.input.files[0]); } });
      for (const name of ["dragenter", "dragover"]) {
        this.drop.addEventListener(name, (event) => { event.preventDefault(); this.drop.classList.add("drop-over"); });
      }
      for (const name of ["dragleave", "drop"]) {
        this.drop.addEventListener(name, () => this.drop.classList.remove("drop-over"));
      }
      this.drop.addEventListener("drop", (event) => {
        event.preventDefault();
        if (event.dataTransfer.files.length) { this.choose(event.dataTransfer.files[0]); }
      });
      this.pauseButton.addEventListener("click", () => (this.paused ? this.resume() : this.hold()));
      this.box.querySelector(".upload-abandon").addEventListener("click", () => this.abandon());
      window.addEventListener("online", () => { if (!this.over && !this.paused) { this.message(""); } });
      window.addEventListener("beforeunload", (event) => {
        if (!this.over && !this.paused) { event.preventDefault(); event.returnValue = ""; }
      });
      window.setInterval(() => this.show(), 500);
    }

    message(words, kind) {
      const line = this.box.querySelector(".upload-message");
      line.textContent = words;
      line.className = "upload-message" + (kind ? " upload-message-" + kind : "");
    }

    choose(file) {
      if (file.size === 0) { this.message(this.say.sayEmpty, "bad"); return; }
      if (!this.fits(file)) { this.message(this.say.sayWrongKind, "bad"); return; }
      const other = this.say.source && (file.name !== this.say.name || String(file.size) !== this.say.size);
      this.message(other ? this.say.sayOther : "");
      this.file = file;
      this.start();
    }

    fits(file) {
      if (this.say.kind === "deck") { return DECK_NAME.test(file.name); }
      return /^(video|audio)\//.test(file.type) || VIDEO_NAME.test(file.name);
    }

    async ask(address, body) {
      for (let attempt = 0; ; attempt += 1) {
        let answer;
        try {
          answer = await fetch(address, {
            method: "POST", credentials: "same-origin", body: JSON.stringify(body || {}),
            headers: { "Content-Type": "application/json", "X-CSRF-Token": this.say.csrf, "Accept": "application/json" },
          });
        } catch (away) {
          answer = null;
        }
        if (answer && answer.status < 500) {
          const found = await answer.json();
          if (!answer.ok) { throw new Refused(found.detail || String(answer.status)); }
          return found;
        }
        if (this.over) { throw new Refused(""); }
        this.message(navigator.onLine ? this.say.sayRetrying : this.say.sayOffline);
        await pause(Math.min(1000 * 2 ** attempt, LONGEST_WAIT_MS));
      }
    }

    async start() {
      this.over = false;
      this.paused = false;
      this.drop.hidden = true;
      const unfinished = this.box.querySelector(".upload-unfinished");
      if (unfinished) { unfinished.hidden = true; }
      this.run.hidden = false;
      this.box.querySelector(".file-name").textContent = this.file.name;
      try {
        const begun = await this.ask(this.say.start, {
          name: this.file.name, size: this.file.size, content_type: this.file.type || "application/octet-stream",
          kind: this.say.kind,
        });
        this.base = begun.base;
        this.partSize = begun.part_size;
        this.count = Math.ceil(this.file.size / this.partSize);
        this.there = new Set(begun.parts);
        this.missing = [];
        for (let n = 1; n <= this.count; n += 1) { if (!this.there.has(n)) { this.missing.push(n); } }
        await this.send();
        this.message(this.say.sayFinishing);
        const done = await this.ask(this.base + "/complete");
        this.over = true;
        this.message(this.say.sayDone, "good");
        window.location.assign(done.next);
      } catch (refused) {
        if (!this.over) { this.fail(refused); }
      }
    }

    fail(error) {
      this.over = true;
      for (const flight of this.flights.values()) { flight.abort(); }
      this.run.hidden = true;
      this.drop.hidden = false;
      this.input.value = "";
      this.message(error instanceof Refused ? error.message : String(error), "bad");
    }

    async send() {
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.work()));
    }

    async work() {
      while (this.missing.length && !this.over) {
        await this.mayGoOn();
        const number = this.missing.shift();
        if (number === undefined) { return; }
        await this.sendPart(number);
      }
    }

    async mayGoOn() {
      while (this.paused && !this.over) { await pause(200); }
    }

    async sendPart(number) {
      const begin = (number - 1) * this.partSize;
      const piece = this.file.slice(begin, Math.min(begin + this.partSize, this.file.size));
      for (let attempt = 0; !this.over; attempt += 1) {
        await this.mayGoOn();
        if (this.over) { return; }
        const status = await this.put(number, piece, await this.address(number));
        if (status === 200) {
          this.there.add(number);
          if (!this.paused) { this.message(""); }
          return;
        }
        if (this.paused || this.over) { attempt = -1; continue; }
        this.addresses.delete(number); // an address runs out; ask for a fresh one
        await this.readable(piece);
        this.message(navigator.onLine ? this.say.sayRetrying : this.say.sayOffline);
        await pause(Math.min(1000 * 2 ** attempt * (0.75 + Math.random() / 2), LONGEST_WAIT_MS));
      }
    }

    async readable(piece) {
      try {
        await new Response(piece.slice(0, 1)).arrayBuffer();
      } catch (gone) {
        throw new Refused(this.say.sayChanged);
      }
    }

    async address(number) {
      if (!this.addresses.has(number)) {
        const wanted = [number].concat(this.missing.filter((n) => !this.addresses.has(n)).slice(0, ADDRESSES_AT_ONCE - 1));
        const found = await this.ask(this.base + "/parts", { numbers: wanted });
        for (const n of Object.keys(found.urls)) { this.addresses.set(Number(n), found.urls[n]); }
      }
      return this.addresses.get(number);
    }

    put(number, piece, address) {
      return new Promise((resolve) => {
        const request = new XMLHttpRequest();
        let heard = Date.now();
        const guard = window.setInterval(() => { if (Date.now() - heard > STALLED_MS) { request.abort(); } }, 5000);
        request.sent = 0;
        request.upload.onprogress = (event) => { heard = Date.now(); request.sent = event.loaded; };
        request.onloadend = () => {
          window.clearInterval(guard);
          this.flights.delete(number);
          resolve(request.status);
        };
        this.flights.set(number, request);
        request.open("PUT", address);
        request.send(piece);
      });
    }

    hold() {
      this.paused = true;
      this.pauseButton.textContent = this.pauseButton.dataset.sayResume;
      for (const flight of this.flights.values()) { flight.abort(); }
      this.message(this.say.sayPaused);
    }

    resume() {
      this.paused = false;
      this.marks = [];
      this.pauseButton.textContent = this.pauseButton.dataset.sayPause;
      this.message("");
    }

    async abandon() {
      this.over = true;
      for (const flight of this.flights.values()) { flight.abort(); }
      if (this.base) { await this.ask(this.base + "/abandon").catch(() => null); }
      window.location.reload();
    }

    show() {
      if (this.over || !this.partSize) { return; }
      let sent = 0;
      for (const n of this.there) { sent += n === this.count ? this.file.size - (n - 1) * this.partSize : this.partSize; }
      for (const flight of this.flights.values()) { sent += flight.sent; }
      sent = Math.min(sent, this.file.size);
      const percent = 100 * sent / this.file.size;
      this.run.querySelector("progress").value = percent;
      this.run.querySelector(".progress-percent").textContent = Math.floor(percent) + " %";
      this.run.querySelector(".upload-sent").textContent =
        this.say.sayOf.replace("%(sent)s", sizeWords(sent)).replace("%(size)s", sizeWords(this.file.size));
      this.showRate(sent);
    }

    showRate(sent) {
      const now = Date.now();
      this.marks.push([now, sent]);
      while (this.marks.length > 2 && now - this.marks[0][0] > RATE_WINDOW_MS) { this.marks.shift(); }
      const seconds = (now - this.marks[0][0]) / 1000;
      const rate = seconds > 0.9 && !this.paused ? (sent - this.marks[0][1]) / seconds : 0;
      this.run.querySelector(".upload-rate").textContent = rate > 0 ? sizeWords(rate) + "/s" : "";
      this.run.querySelector(".upload-left").textContent = rate > 0
        ? this.say.sayLeft.replace("%(time)s", durationWords((this.file.size - sent) / rate, this.say.sayUnits.split("|")))
        : "";
    }
  }

  for (const box of document.querySelectorAll(".upload")) { new Upload(box); }
})();
