// Before anything is painted: light or dark as this reader chose, otherwise as the system says.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch (refused) {
    root.dataset.storage = "none"; // a browser may forbid storage; the choice then lasts for the page
  }
  // Fonts are asked for at once; not from a folder, where a browser refuses to preload them.
  var own = document.currentScript && document.currentScript.src;
  if (own && location.protocol !== "file:") {
    ["hanken-grotesk", "newsreader-display"].forEach(function (name) {
      var link = document.createElement("link");
      link.rel = "preload";
      link.as = "font";
      link.type = "font/woff2";
      link.crossOrigin = "anonymous";
      link.href = new URL("fonts/" + name + ".woff2", own).href;
      document.head.appendChild(link);
    });
  }
})();
