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

  // Parts marked `data-live` are fetched anew; one that holds the focus or an opened
  // list stays, so that nothing is lost that somebody is writing or reading.
  async function refresh() {
    const parts = [...document.querySelectorAll("[data-live][id]")];
    if (!parts.length || document.hidden) return;
    try {
      const answer = await fetch(location.href, {credentials: "same-origin", redirect: "error"});
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of parts) {
        const next = fresh.getElementById(part.id);
        const busy = part.contains(document.activeElement) || part.querySelector("details[open]");
        if (next && !busy && next.innerHTML !== part.innerHTML) part.replaceChildren(...next.childNodes);
      }
      offset = ahead(fresh);
      tell();
    } catch { /* without a network the page stays as it is; its times go on */ }
  }

  tell();
  setInterval(tell, 10000);
  setInterval(refresh, 15000);
})();
