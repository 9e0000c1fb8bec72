// How the page looks, as people set it. early.js does the same before the first paint.

import { settings, whenSet } from './settings.js';

const contrast = matchMedia('(prefers-contrast: more)');

export function followLooks() {
  whenSet(apply);
  contrast.addEventListener('change', apply);
  apply();
}

function apply() {
  const { theme, contrast: wished, density } = settings();
  const { dataset } = document.documentElement;
  dataset.theme = theme;
  dataset.density = density;
  dataset.contrast = wished || contrast.matches ? 'more' : 'usual';
}
