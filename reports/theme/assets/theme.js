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
})();
