// What the console's pages do beyond showing and sending forms: figures that move, lists that are looked at again, times that run down, and
// results without leaving the page. Without it everything works as well, a reload at a time.
"use strict";
(() => {
  const LOOK_AGAIN = 5000;
  const TRY_AGAIN = 1000;
  const body = document.body;
  const state = document.getElementById("live");
  const pause = document.getElementById("pause");
  let stream, retry, lost, looking, paused = false, news = 0;
  let rows = new Map();
  const sent = new Map();
  let clock = { now: 0, rate: 0, at: 0 };

  // Numbers as the server writes them.
  const grouped = (n) => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",");
  const short = (n) => String(n >= 100 ? Math.floor(n) : Math.floor(n * 10) / 10);
  const count = (n) => (n < 1e5 ? grouped(n) : n < 1e6 ? short(n / 1e3) + "k" : n < 1e9 ? short(n / 1e6) + "M" : short(n / 1e9) + "G");
  const rate = (n) => (n < 9.95 ? String(Math.round(n * 10) / 10) : count(n)) + "/s";
  const UNITS = [[864e5, 1728e5, "d"], [36e5, 72e5, "h"], [6e4, 12e4, "min"], [1e3, 1e3, "s"], [1, 0, "ms"]];
  const time = (ms) => {
    const [size, , unit] = UNITS.find(([, least]) => ms >= least) || UNITS[4];
    return Math.floor(ms / size) + " " + unit;
  };
  const bytes = (n) => (n < 1024 ? n + " B" : n < 1048576 ? short(n / 1024) + " KiB" : n < 1073741824 ? short(n / 1048576) + " MiB" : short(n / 1073741824) + " GiB");
  const written = (name, n) =>
    n === null || n === undefined ? "–"
      : name.includes("per_second") ? rate(n)
      : name.endsWith("_ms") ? time(n)
      : name === "bytes" ? bytes(n)
      : name === "fill" ? Math.round(n * 100) + " %"
      : count(n);

  const index = () => {
    rows = new Map();
    for (const row of document.querySelectorAll("[data-id]")) {
      const id = row.dataset.id;
      if (!rows.has(id)) rows.set(id, []);
      rows.get(id).push(row);
    }
  };
  const known = (figures, name) => name.split(".").reduce((at, part) => (at === null || at === undefined ? at : at[part]), figures);
  const move = (id, figures) => {
    for (const row of rows.get(id) || []) {
      for (const place of row.querySelectorAll("[data-figure]")) {
        const value = known(figures, place.dataset.figure);
        if (value === undefined || place.closest("[data-id]") !== row) continue;
        if (place.tagName === "METER") {
          place.value = value;
          continue;
        }
        const text = written(place.dataset.figure, value);
        if (place.textContent !== text) {
          place.textContent = text;
          place.classList.remove("changed");
          requestAnimationFrame(() => place.classList.add("changed"));
        }
      }
    }
  };

  const show = (name, text) => {
    if (state.textContent === text) return;
    state.dataset.state = name;
    state.textContent = text;
  };
  const setClock = (from) => {
    clock = { now: Number(from.dataset.now), rate: Number(from.dataset.rate), at: performance.now() };
  };
  const tick = () => {
    const now = clock.now + (performance.now() - clock.at) * clock.rate;
    for (const place of document.querySelectorAll("[data-until]")) {
      const left = Number(place.dataset.until) - now;
      place.textContent = left > 0 ? time(left) : "over";
    }
  };

  // The page as it is now: of its regions those that changed are replaced.
  const take = (page) => {
    setClock(page.body);
    for (const fresh of page.querySelectorAll("[data-refresh]")) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      const text = fresh.innerHTML;
      if (sent.get(fresh.id) === text || old.contains(document.activeElement)) continue;
      sent.set(fresh.id, text);
      const all = (root, what) => [...root.querySelectorAll(what)];
      const open = all(old, "details").map((it) => it.open);
      const scrolled = all(old, ".wide").map((it) => it.scrollLeft);
      old.innerHTML = text;
      all(old, "details").forEach((it, n) => { if (open[n]) it.open = true; });
      all(old, ".wide").forEach((it, n) => { it.scrollLeft = scrolled[n] || 0; });
    }
    index();
    copies();
    tick();
  };
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");
  const look = async () => {
    if (looking || paused || document.hidden) return;
    looking = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      if (answer.status === 401 || answer.redirected) location.reload();
      else if (answer.ok) take(parse(await answer.text()));
    } catch {
      // The stream of events says that the server is away.
    }
    looking = false;
  };

  const close = () => {
    clearTimeout(retry);
    if (stream) stream.close();
    stream = undefined;
  };
  const listen = () => {
    close();
    if (paused || document.hidden) return;
    stream = new EventSource(body.dataset.events);
    stream.onopen = () => {
      show("live", "live");
      if (lost) look();
      lost = false;
    };
    // A browser gives up on an answer that is none; we don't.
    stream.onerror = () => {
      close();
      lost = true;
      show("lost", "reconnecting");
      retry = setTimeout(listen, TRY_AGAIN);
    };
    stream.addEventListener("figures", (event) => {
      const changed = JSON.parse(event.data);
      for (const node of changed.nodes || []) move(node.id, node.figures);
      for (const edge of changed.edges || []) move(edge.id, edge);
    });
    stream.addEventListener("notice", () => {
      if (document.getElementById("notices")) return look();
      document.getElementById("news").textContent = ` (${++news} new)`;
    });
    stream.addEventListener("dropped", look);
  };
  const changeState = () => {
    pause.textContent = paused ? "Go on" : "Pause";
    if (paused || document.hidden) {
      close();
      show("paused", "paused");
    } else {
      listen();
      look();
    }
  };

  // A form's result comes into the page that it stands on.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form.act")) return;
    event.preventDefault();
    const result = document.getElementById("result");
    const button = event.submitter;
    const fields = new URLSearchParams(new FormData(form, button));
    if (button) button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: fields, headers: { accept: "text/html" } });
      const page = parse(await answer.text());
      const told = page.getElementById("result");
      if (!told) return location.reload();
      result.innerHTML = told.innerHTML;
      if (page.body.dataset.now) take(page);
      copies();
      result.scrollIntoView({ block: "nearest" });
    } catch {
      result.textContent = "The server didn't answer. Nothing is known of what you asked for: look before you ask again.";
    } finally {
      if (button) button.disabled = false;
    }
  });

  // A line for the shell can be taken along.
  const copies = () => {
    for (const line of document.querySelectorAll(".cli:not([data-copied])")) {
      line.dataset.copied = "";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(line.querySelector("pre").textContent);
        button.textContent = "Copied";
      });
      line.append(button);
    }
  };

  for (const region of document.querySelectorAll("[data-refresh]")) sent.set(region.id, region.innerHTML);
  copies();
  if (!state || !body.dataset.events) return;
  setClock(body);
  index();
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    changeState();
  });
  document.addEventListener("visibilitychange", changeState);
  setInterval(look, LOOK_AGAIN);
  setInterval(tick, 1000);
  tick();
  listen();
})();
