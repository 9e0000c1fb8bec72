// Settings, which the page must know before it draws anything.

const SETTING = 'parlor.setting.';

// Storage may be switched off; then the page works, and forgets.

/** @param {string} setting */
export function kept(setting) {
  try {
    return localStorage.getItem(SETTING + setting) ?? '';
  } catch {
    return '';
  }
}

/**
 * @param {string} setting
 * @param {string} value nothing takes it away
 */
export function keep(setting, value) {
  try {
    if (value) localStorage.setItem(SETTING + setting, value);
    else localStorage.removeItem(SETTING + setting);
  } catch { /* no storage, or a full one: nothing is kept */ }
}
