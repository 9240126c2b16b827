// What a page can do beyond standing there: sort and filter tables, switch charts, read values off
// them, change the theme. Every page is whole without it.
(function () {
  "use strict";

  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }

  function make(name, attributes, text) {
    var element = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    if (text) element.textContent = text;
    return element;
  }

  // ---- light and dark ------------------------------------------------------------------------
  var root = document.documentElement;
  var toggle = document.querySelector("button.theme");
  var system = window.matchMedia("(prefers-color-scheme: dark)");

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  }
  function sayTheme() {
    toggle.querySelector(".theme-word").textContent = isDark() ? "Light" : "Dark";
    toggle.setAttribute("aria-label", isDark() ? "Light theme" : "Dark theme");
  }
  if (toggle) {
    toggle.hidden = false;
    sayTheme();
    system.addEventListener("change", sayTheme);
    toggle.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch (refused) { root.dataset.storage = "none"; }
      sayTheme();
    });
  }

  // ---- tables: sort and filter ---------------------------------------------------------------
  function valueOf(row, at) {
    var cell = row.cells[at];
    if (!cell) return "";
    return cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.textContent.trim();
  }
  function compare(a, b) {
    var numbers = typeof a === "number" && typeof b === "number";
    if (numbers) return a - b;
    if (typeof a === "number") return 1;
    if (typeof b === "number") return -1;
    return a.localeCompare(b, undefined, { numeric: true });
  }
  function sortable(table) {
    var body = table.tBodies[0];
    if (!body || body.rows.length < 3) return;
    all("thead th", table).forEach(function (head, at) {
      var button = make("button", { type: "button", class: "sort" }, head.textContent);
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var upward = head.getAttribute("aria-sort") === "descending";
        if (!head.hasAttribute("aria-sort") && head.classList.contains("left")) upward = true;
        all("thead th", table).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", upward ? "ascending" : "descending");
        var rows = Array.prototype.slice.call(body.rows);
        rows.sort(function (a, b) {
          var order = compare(valueOf(a, at), valueOf(b, at));
          return upward ? order : -order;
        });
        rows.forEach(function (row) { body.appendChild(row); });
      });
    });
  }
  function filterable(table) {
    var body = table.tBodies[0];
    if (!body || body.rows.length < 12) return;
    var box = table.closest(".table") || table.closest(".data");
    if (!box) return;
    var name = (table.caption ? table.caption.textContent : "table").trim();
    var id = "filter-" + Math.random().toString(36).slice(2, 8);
    var beyond = table.dataset.total ? " shown here; the CSV has all " + table.dataset.total : "";
    var line = make("p", { class: "filter" });
    var input = make("input", { type: "search", id: id, autocomplete: "off" });
    var said = make("span", { class: "filtered", role: "status" });
    var label = make("label", { "for": id }, "Filter");
    label.appendChild(make("span", { class: "sr" }, " " + name));
    [label, input, said].forEach(function (part) { line.appendChild(part); });
    box.insertBefore(line, box.querySelector(".scroll"));
    input.addEventListener("input", function () {
      var wanted = input.value.trim().toLowerCase();
      var shown = 0;
      Array.prototype.forEach.call(body.rows, function (row) {
        row.hidden = wanted !== "" && row.textContent.toLowerCase().indexOf(wanted) < 0;
        if (!row.hidden) shown += 1;
      });
      said.textContent = wanted ? shown + " of " + body.rows.length + " rows" + beyond : "";
    });
  }
  all("main table").forEach(function (table) { sortable(table); filterable(table); });

  // ---- charts: prepared variants -------------------------------------------------------------
  all("figure.switched").forEach(function (figure) {
    var control = figure.querySelector(".switch");
    var frames = all(".frame", figure);
    control.hidden = false;
    function turn(at) {
      frames.forEach(function (frame, number) { frame.hidden = number !== at; });
    }
    all("select", control).forEach(function (select) {
      select.addEventListener("change", function () { turn(select.selectedIndex); });
    });
    all("button", control).forEach(function (button, at, buttons) {
      button.addEventListener("click", function () {
        turn(at);
        buttons.forEach(function (other, number) {
          other.setAttribute("aria-pressed", String(number === at));
        });
      });
    });
  });

  // ---- charts: read values off ---------------------------------------------------------------
  var dismissals = [];
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") dismissals.forEach(function (dismiss) { dismiss(); });
  });
  function titleOf(plot) {
    var figure = plot.closest("figure");
    var title = figure && figure.querySelector("h3, h4");
    var frames = figure ? all(".frame", figure) : [];
    var option = figure && frames.length > 1 && all(".switch button, .switch option", figure)[frames.indexOf(plot.closest(".frame"))];
    return (title ? ": " + title.textContent : "") + (option ? ", " + option.textContent : "");
  }
  function readable(plot) {
    var marks = JSON.parse(plot.dataset.marks);
    var svg = plot.querySelector("svg");
    if (!marks.length || !svg) return;
    var box = svg.viewBox.baseVal;
    var dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    dot.setAttribute("class", "mark");
    dot.setAttribute("r", String(box.width / 85));
    var tip = make("div", { class: "tip", "aria-hidden": "true", hidden: "" });
    var live = make("p", { class: "sr", role: "status" });
    var at = -1;
    var dismissed = -1; // stays away until the pointer finds another mark
    svg.appendChild(dot);
    plot.appendChild(tip);
    plot.parentNode.insertBefore(live, plot.nextSibling);
    var handle = make("button", { type: "button", class: "read" }, "Read values");
    handle.appendChild(make("span", { class: "sr" }, titleOf(plot)));
    plot.parentNode.insertBefore(handle, plot.nextSibling);

    function show(number, spoken) {
      at = number;
      dismissed = -1;
      var mark = marks[at];
      dot.setAttribute("cx", String(box.x + mark[0] * box.width));
      dot.setAttribute("cy", String(box.y + mark[1] * box.height));
      plot.classList.add("reading");
      tip.textContent = "";
      mark[2].split("\n").forEach(function (said, row) { tip.appendChild(make("span", { class: row ? "" : "first" }, said)); });
      tip.hidden = false;
      tip.style.left = mark[0] * 100 + "%";
      tip.style.top = mark[1] * 100 + "%";
      tip.className = "tip" + (mark[0] > 0.55 ? " leftward" : "") + (mark[1] < 0.35 ? " below" : "");
      if (spoken) live.textContent = mark[2].split("\n").join(", ");
    }
    function hide() {
      at = -1;
      tip.hidden = true;
      plot.classList.remove("reading");
    }
    function nearest(event) {
      if (tip.contains(event.target)) return; // the pointer may rest on what it called up
      var area = svg.getBoundingClientRect();
      var x = (event.clientX - area.left) / area.width;
      var y = (event.clientY - area.top) / area.height;
      var best = -1;
      var least = 0.05;
      marks.forEach(function (mark, number) {
        var away = Math.pow((mark[0] - x) * area.width / area.height, 2) + Math.pow(mark[1] - y, 2);
        if (away < least) { least = away; best = number; }
      });
      if (best < 0) { hide(); dismissed = -1; } else if (best !== at && best !== dismissed) show(best, false);
    }
    dismissals.push(function () {
      if (at < 0) return;
      var last = at;
      hide();
      dismissed = last;
    });
    plot.addEventListener("pointermove", nearest);
    plot.addEventListener("pointerdown", nearest);
    plot.addEventListener("pointerleave", function () {
      dismissed = -1;
      if (document.activeElement !== handle) hide();
    });
    handle.addEventListener("click", function () { show(at < 0 ? 0 : (at + 1) % marks.length, true); });
    handle.addEventListener("blur", hide);
    handle.addEventListener("keydown", function (event) {
      var step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === "Home") step = -at;
      if (event.key === "End") step = marks.length - 1 - at;
      if (step === undefined) return;
      event.preventDefault();
      show((Math.max(at, 0) + step + marks.length) % marks.length, true);
    });
  }
  all(".plot[data-marks]").forEach(readable);

  // ---- contents: where the reader is ---------------------------------------------------------
  var links = all(".toc a");
  var folded = document.querySelector(".toc details");
  if (folded) folded.open = window.matchMedia("(min-width: 68.01rem)").matches;
  if (links.length && "IntersectionObserver" in window) {
    var watcher = new IntersectionObserver(function (seen) {
      seen.forEach(function (entry) {
        if (!entry.isIntersecting) return;
        links.forEach(function (link) {
          var here = link.getAttribute("href") === "#" + entry.target.id;
          if (here) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
        });
      });
    }, { rootMargin: "0px 0px -70% 0px" });
    all("main h2[id]").forEach(function (heading) { watcher.observe(heading); });
  }
  if (location.hash === "#code") {
    var source = document.querySelector("details.source");
    if (source) source.open = true;
  }

  // ---- trends: one KPI or all ----------------------------------------------------------------
  var picker = document.querySelector(".picker");
  if (picker) {
    var select = picker.querySelector("select");
    var figures = all(".trend-figure");
    var names = {};
    figures.forEach(function (figure) { names[figure.dataset.kpi] = figure.dataset.label; });
    Object.keys(names).sort(function (a, b) { return names[a].localeCompare(names[b]); }).forEach(function (name) {
      select.appendChild(make("option", { value: name }, names[name]));
    });
    picker.hidden = false;
    select.addEventListener("change", function () {
      figures.forEach(function (figure) {
        figure.hidden = select.value !== "" && figure.dataset.kpi !== select.value;
      });
      all(".trend-family").forEach(function (family) {
        family.hidden = !family.querySelector(".trend-figure:not([hidden])");
        family.classList.toggle("alone", select.value !== "");
      });
    });
  }
})();
