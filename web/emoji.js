// Emoji with the names under which people look for them; those that are used most come first.

const LIST = `👍 thumbs up yes|❤️ heart love|😂 tears of joy laugh|🎉 party tada|🙏 thanks please|😮 wow surprised|😢 sad cry
👀 eyes look|✅ done check|❌ no cross|🔥 fire|🚀 rocket ship|💯 hundred|👏 clap|🙌 hooray|💪 strong|👋 wave hello|🤝 handshake deal
😀 grin happy|😃 smile|😄 laugh|😅 phew sweat|🤣 rolling laugh|😊 blush|🙂 slight smile|😉 wink|😍 heart eyes|😘 kiss|😎 cool
🤔 thinking hmm|🤨 doubt|😐 neutral|🙄 eye roll|😬 grimace|😴 sleep|🤯 mind blown|🥳 celebrate|😭 sob|😡 angry|🤷 shrug|🤦 facepalm
🫡 salute|🫠 melting|🤗 hug|🥲 smile with tear|😇 angel|👎 thumbs down|👌 ok|✌️ peace|🤞 fingers crossed|👆 up|👇 down|👉 right
💔 broken heart|💛 yellow heart|💚 green heart|💙 blue heart|💜 purple heart|✨ sparkles|⭐ star|🌟 glowing star|⚡ lightning
☀️ sun|🌧️ rain|❄️ snow|🌈 rainbow|🌱 seedling|🌳 tree|🌸 blossom|🐱 cat|🐶 dog|🐛 bug|🦄 unicorn|🦀 crab rust|🐢 turtle slow
☕ coffee|🍵 tea|🍺 beer|🍷 wine|🍕 pizza|🍰 cake|🍎 apple|🥐 croissant|🍪 cookie|🎁 gift|🎂 birthday|🎵 music|📷 camera
💡 idea bulb|🔧 wrench fix|🔒 lock|🔑 key|📌 pin|📎 clip|📝 memo note|📅 calendar date|📈 chart up|📉 chart down|💻 laptop|📱 phone
⏰ clock alarm|⏳ hourglass wait|🚧 construction|🚨 alarm siren|⚠️ warning|❓ question|❗ exclamation|➕ plus|♻️ recycle|🏠 home|✈️ plane|🚲 bike`;

/** @type {readonly (readonly [string, string])[]} */
export const EMOJI = LIST.split(/[|\n]/).map((entry) => {
  const space = entry.indexOf(' ');
  return [entry.slice(0, space), entry.slice(space + 1)];
});
