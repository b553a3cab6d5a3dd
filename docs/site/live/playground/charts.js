"use strict";

/** What the charts show of a model: its steps, two losses or terms of a bound, and two scores. */
class Trace {
  constructor(model) {
    this.model = model;
    this.vae = model instanceof VAE;
    this.columns = { steps: [], first: [], second: [], modes: [], onMode: [] };
  }

  /** Add a row; when the trace is long, every second row goes. */
  record(score) {
    const { model, columns } = this;
    const steps = this.vae ? model.steps : model.steps.discriminator + model.steps.generator;
    if (columns.steps.at(-1) === steps) return;
    const [first, second] = model.curves();
    const row = { steps, first, second };
    row.modes = score ? score.modes / model.data.centres.length : NaN;
    row.onMode = score ? score.highQuality : NaN;
    for (const [name, column] of Object.entries(columns)) {
      column.push(row[name]);
      if (column.length > 800) columns[name] = column.filter((_, i) => i % 2 === 0);
    }
  }

  get unit() {
    return this.vae ? "steps" : "moves of D and G";
  }

  /** Draw the losses of a game, or the terms of a bound, and say where they are. */
  showLosses(canvas) {
    const { vae, unit } = this;
    const { steps, first, second } = this.columns;
    const title = vae ? "Terms of the bound, in nats" : "Losses";
    const kind = vae ? { colour: COLOURS.posterior, dash: [] } : { colour: COLOURS.generated, dash: [6, 4] };
    drawChart(canvas, title, unit, steps, [
      { values: first, colour: vae ? COLOURS.generated : COLOURS.real, dash: [] },
      { values: second, ...kind },
    ]);
    const names = vae ? ["reconstruction", "KL divergence"] : ["loss of D", "loss of G"];
    const values = [first, second].map((column, i) => `${names[i]} now ${rounded(column.at(-1))}`);
    canvas.ariaLabel = `${title} over ${whole(steps.at(-1))} ${unit}: ${values.join(", ")}.`;
  }

  /** Draw how much of the data is covered, and say it. */
  showScores(canvas, score) {
    const { steps, modes, onMode } = this.columns;
    const title = score ? "Coverage" : "Coverage: no modes to count";
    const curves = [
      { values: modes, colour: COLOURS.real, dash: [] },
      { values: onMode, colour: COLOURS.generated, dash: [6, 4] },
    ];
    drawChart(canvas, title, this.unit, steps, curves, [0, 1]);
    canvas.ariaLabel = `Coverage over the steps, now: ${coverageInWords(score, this.model.data)}.`;
  }
}
