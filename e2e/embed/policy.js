/** Tries what the policy forbids, so that the tests know it is in force. */
function evaluates() {
  try {
    return new Function("return true")();
  } catch {
    return false;
  }
}

document.getElementById("evaluated").textContent = evaluates() ? "allowed" : "refused";
