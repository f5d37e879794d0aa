// Numbers of the page, kept by what <teahouse-room> tells: no connection of its own.

const figure = (name) => document.querySelector(`[data-figure="${name}"]`);
const progress = document.querySelector("progress");

// Each event of ours once, in order, also those that came while this page was without a connection.
document.addEventListener("teahouse-event", ({ detail }) => {
  if (detail.event !== "build.finished") return;
  for (const name of ["all_passed", "all_failed"]) figure(name).textContent = detail.data[name];
  progress.hidden = true;
});

// Signals are seen by who is here now, and by nobody later.
document.addEventListener("teahouse-signal", ({ detail }) => {
  if (detail.kind !== "build.progress") return;
  progress.hidden = false;
  progress.value = detail.data.done;
});
