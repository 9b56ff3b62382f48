(() => {
  const pictures = [...document.querySelectorAll("svg.time")], left = 170, width = 980;
  const end = Number(document.body.dataset.end), make = (picture, tag, name) => {
    const it = document.createElementNS("http://www.w3.org/2000/svg", tag);
    it.setAttribute("class", name);
    it.style.display = "none";
    return picture.appendChild(it);
  };
  const marks = pictures.map(picture => [make(picture, "line", "cross"), make(picture, "text", "when"), picture.viewBox.baseVal.height - Number(document.body.dataset.foot)]);
  const show = x => marks.forEach(([line, text, bottom]) => {
    line.style.display = text.style.display = x === null ? "none" : "";
    if (x === null) return;
    for (const [name, value] of [["x1", x], ["x2", x], ["y1", 0], ["y2", bottom]]) line.setAttribute(name, value);
    text.setAttribute("x", x);
    text.setAttribute("y", bottom + 17);
    text.textContent = ((x - left) / width * end).toFixed(end < 100 ? 2 : 1) + " s";
  });
  pictures.forEach(picture => {
    picture.addEventListener("pointermove", event => {
      const box = picture.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * picture.viewBox.baseVal.width;
      show(x >= left && x <= left + width ? x : null);
    });
    picture.addEventListener("pointerleave", () => show(null));
  });
})();
