// The dials: made of what the server says of the options of the command.

import { find, make } from "./elements.js";

const LABELS = {
  strength: "Strength", stability: "Stability", colors: "Colors", blend: "Blend",
  style_scale: "Strokes", keep: "Leave as it is", mask: "Mask", invert: "Paint what is black in the mask",
  feather: "Soft edge", compare: "Before and after in the result", hdr: "HDR video",
};
const HINTS = {
  keep: "People, their faces, all that is not a person, or a region such as the sky; the rest is painted.",
  mask: "Paint where the picture is white.", invert: "",
};
const NONE = { keep: "nothing" };
const DISABLED = {
  style_scale: "for your own pictures", mask: "instead of the above", invert: "for masks", feather: "for masks",
};
const PLACES = {
  blend: "more", style_scale: "more", hdr: "more",
  keep: "masks", mask: "masks", invert: "masks", feather: "masks",
};

export class Dials {
  constructor(known, values, onChange) {
    this.known = known;
    this.inputs = {};
    this.mask = values.mask ?? "";
    for (const dial of known) {
      const place = find(PLACES[dial.name] ?? "dials");
      place.append(this.#element(dial, values[dial.name] ?? dial.default, onChange));
    }
    find("where").open = Boolean(values.keep || values.mask);
    const { input } = this.inputs.mask;
    input.oninput = () => {
      this.mask = input.value;
      onChange();
    };
  }

  #element(dial, value, onChange) {
    const label = make("span", {}, LABELS[dial.name] ?? dial.name);
    const option = make("code");
    const hint = make("small", { id: `hint-${dial.name}`, textContent: HINTS[dial.name] ?? dial.text });
    let input;
    if (dial.choices) {
      input = make("select", {}, ...dial.choices.map((choice) =>
        make("option", { value: choice ?? "", textContent: choice ?? NONE[dial.name] ?? "no" })));
      input.value = value ?? "";
    } else if (dial.switch) {
      input = make("input", { type: "checkbox", checked: value });
    } else {
      const step = dial.high > 10 ? 1 : 0.05;
      input = make("input", { type: "range", min: dial.low, max: dial.high, step });
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

  // A mask that is uploaded takes the place of one that is found.
  useMask(name) {
    this.mask = name;
    this.inputs.keep.input.value = "";
    find("where").open = true;
  }

  // The masks that there are. One that is chosen may be on its way.
  setMasks(names) {
    const { input } = this.inputs.mask;
    const options = [...input.options].slice(1);
    if (options.map((option) => option.value).join("/") !== names.join("/")) {
      for (const option of options) option.remove();
      input.append(...names.map((name) => make("option", { value: name, textContent: name })));
    }
    input.value = names.includes(this.mask) ? this.mask : "";
    find("remove-mask").hidden = !input.value;
    this.#limit();
  }

  // `keep` is a mask that is found; the others change a picture, or both.
  #limit() {
    const { keep, mask, invert, feather } = this.inputs;
    mask.input.disabled = Boolean(keep.input.value);
    invert.input.disabled = mask.input.disabled || !mask.input.value;
    feather.input.disabled = !keep.input.value && !mask.input.value;
  }

  // What can change while the camera is painted.
  setLive(live, names) {
    for (const { dial, input } of Object.values(this.inputs)) {
      input.closest("label").hidden = live && !names.includes(dial.name);
    }
    find("more").parentElement.hidden = find("where").hidden = live;
  }

  value(name) {
    return Number(this.inputs[name].input.value);
  }

  get values() {
    const values = {};
    for (const [name, { dial, input }] of Object.entries(this.inputs)) {
      if (input.disabled) continue;
      const value = dial.switch ? input.checked : dial.choices ? input.value || null : Number(input.value);
      if (value !== dial.default) values[name] = value;
    }
    return values;
  }

  showOptions(options) {
    for (const [name, { option, input }] of Object.entries(this.inputs)) {
      option.textContent = input.disabled ? DISABLED[name] : options[name] ?? "";
    }
  }

  reset() {
    this.mask = "";
    for (const { dial, input } of Object.values(this.inputs)) {
      if (dial.switch) input.checked = dial.default;
      else input.value = dial.default ?? "";
    }
  }
}
