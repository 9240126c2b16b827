// Search: pagefind's full text over HTTP; over titles, headings and KPIs where the page was opened
// from a folder, in which a browser lets no script fetch anything.
(function () {
  "use strict";
  var finder = document.querySelector(".finder");
  var input = finder.querySelector("input");
  var said = finder.querySelector(".found");
  var list = document.querySelector(".results");
  var turn = 0;
  finder.hidden = false;

  function line(address, title, about, inner) {
    var item = document.createElement("li");
    var link = document.createElement("a");
    link.href = address;
    link.textContent = title;
    item.appendChild(link);
    if (about) {
      var text = document.createElement("p");
      text.textContent = about;
      item.appendChild(text);
    }
    if (inner && inner.length) {
      var more = document.createElement("ul");
      inner.forEach(function (one) {
        var row = document.createElement("li");
        var where = document.createElement("a");
        where.href = one[0];
        where.textContent = one[1];
        row.appendChild(where);
        more.appendChild(row);
      });
      item.appendChild(more);
    }
    return item;
  }
  function show(items, count) {
    list.textContent = "";
    items.forEach(function (item) { list.appendChild(item); });
    said.textContent = count === null ? "" : count === 0 ? "Nothing found." : count === 1 ? "1 report" : count + " reports";
    list.dataset.ready = String(count);
  }

  // ---- from a folder -------------------------------------------------------------------------
  function plain(text) {
    return text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  }
  function classic(query) {
    var words = plain(query).split(/\s+/).filter(Boolean);
    var found = [];
    (window.searchIndex || []).forEach(function (page) {
      var whole = plain([page.t, page.p, page.s].concat(page.h.map(String), page.k.map(String)).join(" "));
      if (!words.every(function (word) { return whole.indexOf(word) >= 0; })) return;
      var title = plain(page.t + " " + page.p);
      var score = words.filter(function (word) { return title.indexOf(word) >= 0; }).length;
      found.push([score, page]);
    });
    found.sort(function (a, b) { return b[0] - a[0] || (a[1].d < b[1].d ? 1 : -1); });
    show(found.slice(0, 40).map(function (one) {
      var page = one[1];
      function hit(text) { return words.some(function (word) { return plain(text).indexOf(word) >= 0; }); }
      var kpis = page.k.filter(function (kpi) { return hit(kpi[0]); }).map(function (kpi) { return kpi[0] + " " + kpi[1]; });
      var inner = page.h.filter(function (head) { return hit(head[1]); }).map(function (head) { return [page.u + "#" + head[0], head[1]]; });
      return line(page.u, page.t + ", " + page.p, [page.s].concat(kpis).join(" · "), inner.slice(0, 5));
    }), found.length);
  }

  // ---- over HTTP -----------------------------------------------------------------------------
  var engine = null;
  function start() {
    var base = new URL(".", location.href).pathname;
    var names = window.searchShards || [];
    if (!names.length) return Promise.reject(new Error("no index"));
    return import(base + "pagefind/" + names[0] + "/pagefind.js").then(function (pagefind) {
      var settings = { baseUrl: base, excerptLength: 24 };
      return Promise.resolve(pagefind.options(settings)).then(function () {
        return Promise.all(names.slice(1).map(function (name) {
          return pagefind.mergeIndex(base + "pagefind/" + name, { baseUrl: base });
        }));
      }).then(function () { return pagefind; });
    });
  }
  function words(html) {
    var holder = new DOMParser().parseFromString(html, "text/html");
    return holder.body.textContent;
  }
  function full(query, own) {
    engine = engine || start();
    return engine.then(function (pagefind) { return pagefind.search(query); }).then(function (found) {
      return Promise.all(found.results.slice(0, 25).map(function (result) { return result.data(); })).then(function (pages) {
        if (own !== turn) return;
        show(pages.map(function (page) {
          var inner = (page.sub_results || []).filter(function (sub) { return sub.url !== page.url; })
            .map(function (sub) { return [sub.url, sub.title]; });
          return line(page.url, page.meta.title, page.meta.source + ": … " + words(page.excerpt) + " …", inner.slice(0, 5));
        }), found.results.length);
      });
    });
  }

  var waiting = 0;
  function search() {
    var query = input.value.trim();
    var own = ++turn;
    try { history.replaceState(null, "", query ? "#" + encodeURIComponent(query) : "#"); } catch (refused) { list.dataset.history = "none"; }
    if (!query) { show([], null); return; }
    if (location.protocol === "file:") { classic(query); return; }
    full(query, own).catch(function () { classic(query); });
  }
  input.addEventListener("input", function () {
    clearTimeout(waiting);
    waiting = setTimeout(search, 120);
  });
  finder.querySelectorAll("button.try").forEach(function (button) {
    button.addEventListener("click", function () {
      input.value = button.textContent;
      search();
    });
  });
  if (location.hash.length > 1) {
    try { input.value = decodeURIComponent(location.hash.slice(1)); } catch (mistyped) { input.value = location.hash.slice(1); }
    search();
  }
  input.focus();
})();
