// Runs before anything is drawn: how the page looks and which way it reads is known from the first moment on.
{
  /** @type {{values?: Record<string, any>}} */
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem('parlor.settings') ?? '{}');
  } catch { /* no storage: as the system wishes */ }
  const { theme, contrast, density, language } = kept.values ?? {};
  const root = document.documentElement;
  // What is there for who has no script is not for who has one.
  root.dataset.script = 'on';
  if (theme) root.dataset.theme = theme;
  if (contrast || matchMedia('(prefers-contrast: more)').matches) root.dataset.contrast = 'more';
  if (density) root.dataset.density = density;
  if (language === 'ar' || (!language && navigator.language.startsWith('ar'))) root.dir = 'rtl';
}
