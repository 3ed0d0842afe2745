// The player: picture of the sound, speed, keyboard; the transcript follows. Without this file <audio controls> plays.
const box = document.querySelector("[data-player]");
if (box) start(box);

function start(box) {
  const audio = box.querySelector("[data-audio]");
  const wave = box.querySelector("[data-wave]");
  const bars = [...wave.querySelectorAll("rect")];
  const head = box.querySelector("[data-head]");
  const play = box.querySelector("[data-play]");
  const now = box.querySelector("[data-now]");
  const turns = [...document.querySelectorAll("[data-start]")];
  const known = Number(box.dataset.duration) / 1000;
  const length = () => (Number.isFinite(audio.duration) && audio.duration > 0 ? audio.duration : known);

  audio.controls = false;
  audio.hidden = true;
  box.querySelector("[data-controls]").hidden = false;
  if (!bars.length) wave.classList.add("wave-plain");

  const seek = (seconds) => {
    audio.currentTime = Math.min(Math.max(0, seconds), Math.max(0, length() - 0.05));
    draw();
  };
  const toggle = () => (audio.paused ? audio.play().catch(broken) : audio.pause());
  const broken = () => {
    box.querySelector("[data-broken]").hidden = false;
  };

  function draw() {
    const share = length() ? audio.currentTime / length() : 0;
    head.setAttribute("d", `M${(share * 400).toFixed(1)} 4V80`);
    bars.forEach((bar, place) => {
      bar.setAttribute("class", (place + 0.5) / bars.length <= share ? "w-on" : "w-off");
    });
    const text = clock(audio.currentTime);
    now.textContent = text;
    wave.setAttribute("aria-valuenow", String(Math.round(audio.currentTime * 1000)));
    wave.setAttribute("aria-valuetext", text);
    follow();
  }

  function follow() {
    const at = audio.currentTime * 1000;
    const current = audio.currentTime > 0 || !audio.paused ? turns.filter((turn) => Number(turn.dataset.start) <= at).at(-1) : undefined;
    for (const turn of turns) {
      if (turn === current && !turn.hasAttribute("aria-current")) {
        turn.setAttribute("aria-current", "true");
        if (!audio.paused) turn.scrollIntoView({ block: "nearest", behavior: "smooth" });
      } else if (turn !== current) {
        turn.removeAttribute("aria-current");
      }
    }
  }

  play.addEventListener("click", toggle);
  for (const kind of ["play", "pause", "ended"]) {
    audio.addEventListener(kind, () => {
      const running = !audio.paused;
      play.setAttribute("aria-label", running ? play.dataset.labelPause : play.dataset.labelPlay);
      box.querySelector("[data-icon-play]").hidden = running;
      box.querySelector("[data-icon-pause]").hidden = !running;
      draw();
    });
  }
  for (const kind of ["timeupdate", "seeked", "loadedmetadata"]) audio.addEventListener(kind, draw);
  audio.addEventListener("error", broken);

  const place = (event) => {
    const area = wave.getBoundingClientRect();
    seek(((event.clientX - area.left) / area.width) * length());
  };
  wave.addEventListener("pointerdown", (event) => {
    wave.setPointerCapture(event.pointerId);
    place(event);
  });
  wave.addEventListener("pointermove", (event) => {
    if (wave.hasPointerCapture(event.pointerId)) place(event);
  });

  const steps = { ArrowRight: 5, ArrowUp: 5, ArrowLeft: -5, ArrowDown: -5, PageUp: 30, PageDown: -30 };
  wave.addEventListener("keydown", (event) => {
    if (event.key in steps) seek(audio.currentTime + steps[event.key]);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(length());
    else if (event.key === " " || event.key === "Enter") toggle();
    else return;
    event.preventDefault();
  });

  for (const button of box.querySelectorAll("[data-speed]")) {
    button.addEventListener("click", () => {
      audio.playbackRate = Number(button.dataset.speed);
      for (const other of box.querySelectorAll("[data-speed]")) other.setAttribute("aria-pressed", String(other === button));
    });
  }

  for (const turn of turns) {
    const time = turn.querySelector("time");
    const jump = document.createElement("button");
    jump.type = "button";
    jump.className = "turn-jump";
    jump.textContent = time.textContent;
    jump.addEventListener("click", () => {
      seek(Number(turn.dataset.start) / 1000 + 0.01);
      if (audio.paused) audio.play().catch(broken);
    });
    time.replaceChildren(jump);
  }
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
