/* The eye in the password field. */
const button = document.getElementById("show-password");
const field = document.getElementById("id_password");

button.hidden = false;
button.addEventListener("click", () => {
  const isShown = field.type === "password";
  field.type = isShown ? "text" : "password";
  button.setAttribute("aria-pressed", String(isShown));
});
