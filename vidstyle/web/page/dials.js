// The dials: made of what the server says of the options of the command.

import { find, make } from "./elements.js";

const LABELS = {
  strength: "Strength", stability: "Stability", colors: "Colors", blend: "Blend",
  style_scale: "Strokes", compare: "Before and after in the result", hdr: "HDR video",
};
const MORE = new Set(["blend", "style_scale", "hdr"]);

export class Dials {
  constructor(known, values, onChange) {
    this.known = known;
    this.inputs = {};
    for (const dial of known) {
      const place = find(MORE.has(dial.name) ? "more" : "dials");
      place.append(this.#element(dial, values[dial.name] ?? dial.default, onChange));
    }
  }

  #element(dial, value, onChange) {
    const label = make("span", {}, LABELS[dial.name] ?? dial.name);
    const option = make("code");
    const hint = make("small", { id: `hint-${dial.name}`, textContent: dial.text });
    let input;
    if (dial.choices) {
      input = make("select", {}, ...dial.choices.map((choice) =>
        make("option", { value: choice ?? "", textContent: choice ?? "no" })));
      input.value = value ?? "";
    } else {
      input = make("input", { type: "range", min: dial.low, max: dial.high, step: 0.05 });
      input.value = value;
    }
    input.setAttribute("aria-describedby", hint.id);
    input.name = dial.name;
    input.oninput = onChange;
    label.append(option);
    this.inputs[dial.name] = { dial, input, option };
    return make("label", { className: "dial" }, label, input, hint);
  }

  // The strokes of a network of one style have the size it was trained with.
  setOwnPicture(own) {
    this.own = own;
    this.inputs.style_scale.input.disabled = !own;
  }

  // What can change while the camera is painted.
  setLive(live, names) {
    for (const { dial, input } of Object.values(this.inputs)) {
      input.closest("label").hidden = live && !names.includes(dial.name);
    }
    find("more").parentElement.hidden = live;
  }

  value(name) {
    return Number(this.inputs[name].input.value);
  }

  get values() {
    const values = {};
    for (const [name, { dial, input }] of Object.entries(this.inputs)) {
      if (input.disabled) continue;
      const value = dial.choices ? input.value || null : Number(input.value);
      if (value !== dial.default) values[name] = value;
    }
    return values;
  }

  showOptions(options) {
    for (const [name, { option, input }] of Object.entries(this.inputs)) {
      option.textContent = input.disabled ? "for your own pictures" : options[name] ?? "";
    }
  }

  reset() {
    for (const { dial, input } of Object.values(this.inputs)) input.value = dial.default ?? "";
  }
}
