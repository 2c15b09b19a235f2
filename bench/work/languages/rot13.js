/** The work of the benchmarks as a plugin in JavaScript, for the world `plugin-world`. */

const shifted = new Map();
for (let code = 0; code < 128; code++) {
  const letter = (code | 32) - 97;
  const shift = letter < 0 || letter >= 26 ? 0 : letter < 13 ? 13 : -13;
  shifted.set(String.fromCharCode(code), String.fromCharCode(code + shift));
}

function rot13(text) {
  let output = '';
  for (const character of text) output += shifted.get(character) ?? character;
  return output;
}

export const pluginApi = {
  initialize() {},

  process({ input }) {
    return { output: rot13(input), success: true, errorMessage: undefined };
  },

  shutdown() {},

  getMetadata() {
    return { name: 'rot13', version: '1.0.0', description: 'ROT13 in JavaScript' };
  },
};
