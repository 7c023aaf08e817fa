"use strict";
// Opened as /#token=…, the page signs in by itself. What follows the # never travels; it is taken out of the address too.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  history.replaceState(null, "", location.pathname);
  const field = document.getElementById("token");
  field.value = token;
  field.form.submit();
}
