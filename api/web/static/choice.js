/* Shows the part of a form that the chosen radio button names by data-shows; without script, all parts show. */
(function () {
  "use strict";
  const choices = Array.from(document.querySelectorAll("input[type=radio][data-shows]"));
  function show() {
    for (const choice of choices) {
      document.getElementById(choice.dataset.shows).hidden = !choice.checked;
    }
  }
  for (const choice of choices) { choice.addEventListener("change", show); }
  if (choices.length) { show(); }
})();
