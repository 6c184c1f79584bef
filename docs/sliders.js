// The line of a slider of the gallery stands where its range input says.
document.addEventListener("input", ({ target }) => {
  if (target.matches(".slider input")) target.parentElement.style.setProperty("--line", target.value + "%");
});
