// The page is complete without this: it keeps times fresh and parts of the page up to date.
"use strict";
(() => {
  const units = [
    ["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400],
    ["hour", 3600], ["minute", 60], ["second", 1],
  ];
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, {numeric: "always"});
  // The server's clock, not the phone's, which may be wrong by hours.
  const ahead = (page) => {
    const told = page.querySelector("main [data-now]");
    return told ? Date.parse(told.dataset.now) - Date.now() : 0;
  };
  let offset = ahead(document);

  function tell() {
    const now = Date.now() + offset;
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const seconds = Math.round((Date.parse(time.dateTime) - now) / 1000);
      // As the server writes it: rounded, and 51 minutes are an hour.
      const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= 0.85 * size) || units[6];
      time.textContent = words.format(Math.round(seconds / size), unit);
    }
  }

  const changed = new WeakSet();  // fields, by the reader
  addEventListener("input", (event) => changed.add(event.target));

  // What has a name of its own (an alert) is opened again where it was.
  const isBusy = (part) => part.contains(document.activeElement)
    || part.querySelector("details[open]:not([id])")
    || [...part.querySelectorAll("input, select, textarea")].some((field) => changed.has(field));

  function renew(part, fresh) {
    const next = fresh.getElementById(part.id);
    if (!next || isBusy(part)) return;
    for (const one of part.querySelectorAll("details[id]")) {
      const again = fresh.getElementById(one.id);
      if (again) again.open = one.open;
    }
    if (next.innerHTML !== part.innerHTML) part.replaceChildren(...next.childNodes);
  }

  const reader = (page) => page.getElementById("main").dataset.reader;

  // Forms that stay must count after signing in anew, too; as the same person, see refresh.
  function renewTokens(fresh) {
    const token = fresh.querySelector("[name=form_token]");
    for (const one of document.querySelectorAll("[name=form_token]")) if (token) one.value = token.value;
  }

  function warn(when) {
    for (const one of document.querySelectorAll("[data-when]")) one.hidden = one.dataset.when !== when;
  }

  async function fetchFresh() {
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), 10000);
    try {
      const asked = {credentials: "same-origin", redirect: "manual", signal: stop.signal};
      const answer = await fetch(location.href, asked);
      if (answer.type === "opaqueredirect" || answer.status === 401) return "out";
      return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    } catch {
      return null;
    } finally {
      clearTimeout(late);
    }
  }

  // Parts marked `data-live` are fetched anew; one that holds the focus, an opened list or
  // a changed field stays, so that nothing is lost that somebody is writing or reading.
  let failed = 0;
  async function refresh() {
    if (document.hidden || !document.querySelector("main [data-live]")) return;
    const fresh = await fetchFresh();
    if (fresh === "out") return warn("out");
    if (!fresh) return ++failed > 1 ? warn("old") : undefined;
    failed = 0;
    // Nobody answers in another name than the page shows them.
    if (reader(fresh) !== reader(document)) return warn("other");
    for (const part of document.querySelectorAll("[data-live][id]")) renew(part, fresh);
    renewTokens(fresh);
    warn();
    offset = ahead(fresh);
    tell();
  }

  tell();
  setInterval(tell, 10000);
  setInterval(refresh, 15000);
  document.addEventListener("visibilitychange", refresh);
})();
