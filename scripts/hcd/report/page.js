
"use strict";
// The crop viewer: one sheet at a time, its crops side by side or one after the other in the same place.
(function () {
  const byId = (id) => document.getElementById(id);
  const sheets = JSON.parse(byId("data").textContent);
  const select = byId("sheet"), zoom = byId("zoom"), flip = byId("flip"), box = byId("crops");
  let shown = 0;

  function figureOf(crop, size) {
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const name = document.createElement("b");
    name.textContent = crop.chain;
    caption.append(name, " " + [crop.kbit, crop.png ? crop.note : ""].filter(Boolean).join(", "));
    const picture = document.createElement(crop.png ? "img" : "div");
    picture.style.width = size.width + "px";
    if (crop.png) {
      picture.src = crop.png;
      picture.alt = crop.chain;
    } else {
      picture.style.height = size.height + "px";
      picture.className = "empty";
      picture.textContent = crop.note;
    }
    figure.append(caption, picture);
    return figure;
  }

  function step(by) {
    const figures = box.children;
    if (!figures.length) return;
    figures[shown % figures.length].classList.remove("shown");
    shown = (shown + by + figures.length) % figures.length;
    figures[shown].classList.add("shown");
  }

  function draw() {
    const sheet = sheets[Number(select.value)];
    byId("where").textContent = sheet.where;
    const first = new Image();
    first.onload = function () {
      const size = { width: first.naturalWidth * zoom.value, height: first.naturalHeight * zoom.value };
      box.replaceChildren(...sheet.crops.map((crop) => figureOf(crop, size)));
      shown %= sheet.crops.length;
      step(0);
      document.documentElement.dataset.viewer = "ready";
    };
    first.src = sheet.crops[0].png;
  }

  box.addEventListener("click", () => { if (flip.checked) step(1); });
  document.addEventListener("keydown", (event) => {
    if (!flip.checked || event.target.tagName === "SELECT") return;
    if (event.key === "ArrowRight") step(1);
    if (event.key === "ArrowLeft") step(-1);
  });
  flip.addEventListener("change", () => box.classList.toggle("flip", flip.checked));
  // On paper nothing is folded.
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  if (!sheets.length) {
    byId("viewer").hidden = true;
    document.documentElement.dataset.viewer = "ready";
    return;
  }
  zoom.value = box.clientWidth < 600 ? "1" : "2";
  sheets.forEach((sheet, index) => select.add(new Option(sheet.title, String(index))));
  select.addEventListener("change", draw);
  zoom.addEventListener("change", draw);
  draw();
})();
