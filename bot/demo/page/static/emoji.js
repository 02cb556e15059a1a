// Names of emoji that bots and people type most; others stay as they are typed, as Slack shows unknown ones.

const NAMES = `
+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 100 💯 alarm_clock ⏰ ambulance 🚑 arrow_down ⬇️ arrow_left ⬅️ arrow_right ➡️
arrow_up ⬆️ arrows_counterclockwise 🔄 bar_chart 📊 bell 🔔 blue_heart 💙 blush 😊 boom 💥 bow 🙇 broken_heart 💔 bug 🐛
bulb 💡 calendar 📅 chart_with_upwards_trend 📈 check ✔️ heavy_check_mark ✔️ clap 👏 clipboard 📋 cloud ☁️ coffee ☕
computer 💻 confused 😕 construction 🚧 cry 😢 disappointed 😞 dizzy 💫 dog 🐶 double_vertical_bar ⏸️ eyes 👀 fire 🔥
fire_engine 🚒 floppy_disk 💾 gear ⚙️ ghost 👻 gift 🎁 grey_question ❔ grin 😁 grinning 😀 hammer 🔨 hammer_and_wrench 🛠️
heart ❤️ heart_eyes 😍 heavy_equals_sign 🟰 heavy_minus_sign ➖ heavy_plus_sign ➕ hourglass ⌛ hourglass_flowing_sand ⏳
house 🏠 information_source ℹ️ joy 😂 key 🔑 large_blue_circle 🔵 large_green_circle 🟢 large_red_square 🟥
large_yellow_circle 🟡 laughing 😆 link 🔗 lock 🔒 loudspeaker 📢 mag 🔍 mega 📣 memo 📝 muscle 💪 neutral_face 😐
no_entry ⛔ no_entry_sign 🚫 ok 🆗 ok_hand 👌 open_mouth 😮 package 📦 paperclip 📎 party_popper 🎉 pencil ✏️
pencil2 ✏️ point_down 👇 point_left 👈 point_right 👉 point_up ☝️ pray 🙏 pushpin 📌 question ❓ raised_hands 🙌 rainbow 🌈
red_circle 🔴 relaxed ☺️ repeat 🔁 robot_face 🤖 rocket 🚀 rotating_light 🚨 running 🏃 scream 😱 seedling 🌱 ship 🚢
skull 💀 sleeping 😴 slightly_smiling_face 🙂 smile 😄 smiley 😃 snail 🐌 snowflake ❄️ sob 😭 sparkles ✨ speech_balloon 💬
star ⭐ stopwatch ⏱️ sunglasses 😎 tada 🎉 thinking_face 🤔 thread 🧵 timer_clock ⏲️ turtle 🐢 unlock 🔓 warning ⚠️ wave 👋
white_check_mark ✅ white_circle ⚪ wink 😉 wrench 🔧 x ❌ zap ⚡ zzz 💤`;

const words = NAMES.trim().split(/\s+/);
const BY_NAME = new Map();
for (let place = 0; place < words.length; place += 2) BY_NAME.set(words[place], words[place + 1]);

export const emoji = (name) => BY_NAME.get(name.replace(/::skin-tone-\d/, "")) ?? null;

export const withEmoji = (text) => text.replace(/:([\w+'-]{1,100}):/g, (whole, name) => emoji(name) ?? whole);
