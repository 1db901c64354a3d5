/* Sorting and filtering of tables that are complete without it. */
(function () {
  "use strict";
  document.querySelectorAll("table.sortable").forEach(function (table) {
    var body = table.tBodies[0];
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var down = head.getAttribute("aria-sort") !== "descending";
        Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        var rows = Array.prototype.slice.call(body.rows);
        rows.sort(function (a, b) { return compare(value(a, column), value(b, column)) * (down ? -1 : 1); });
        rows.forEach(function (row) { body.appendChild(row); });
      });
    });
    var filter = document.getElementById(table.id + "-filter");
    if (!filter) { return; }
    var text = filter.querySelector("input[type=search]"), only = filter.querySelector("input[type=checkbox]"), count = filter.querySelector("output");
    function apply() {
      var wanted = text.value.toLowerCase(), shown = 0;
      Array.prototype.forEach.call(body.rows, function (row) {
        row.hidden = row.textContent.toLowerCase().indexOf(wanted) < 0 || (only.checked && row.getAttribute("data-standing") !== "denied");
        if (!row.hidden) { shown++; }
      });
      count.textContent = shown + " of " + body.rows.length + " shown";
    }
    text.addEventListener("input", apply);
    only.addEventListener("change", apply);
    filter.hidden = false;
  });
  function value(row, column) {
    var cell = row.cells[column];
    return cell.getAttribute("data-value") || cell.textContent;
  }
  function compare(a, b) {
    var x = Number(a), y = Number(b);
    return isNaN(x) || isNaN(y) ? a.localeCompare(b) : x - y;
  }
})();
