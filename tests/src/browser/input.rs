//! What the hands at a tab do: typing, keys, clicks, touches and wheels, as the browser gets them from the system.

use std::path::Path;

use serde_json::{Value, json};

use super::tab::Tab;

/// The bit of the Shift key among the modifiers.
const SHIFT: u8 = 8;
/// The bit of the Alt key among them.
const ALT: u8 = 1;
/// The bit of the Control key among them.
const CONTROL: u8 = 2;
/// The key code of every key while an input method is composing.
const COMPOSING: u32 = 229;

impl Tab {
    /// Puts a text in where the focus is, all at once.
    pub async fn insert(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses and releases a key: a character, `Enter`, `Backspace`, `Escape`, `Tab`, `PageUp`, `End` and the like.
    pub async fn press(&self, key: &str) {
        self.stroke(key, 0, code_of(key)).await;
    }

    /// As [`Tab::press`], with Shift held down.
    pub async fn press_with_shift(&self, key: &str) {
        self.stroke(key, SHIFT, code_of(key)).await;
    }

    /// As [`Tab::press`], with Control held down.
    pub async fn press_with_control(&self, key: &str) {
        self.stroke(key, CONTROL, code_of(key)).await;
    }

    /// As [`Tab::press`], with Alt held down.
    pub async fn press_with_alt(&self, key: &str) {
        self.stroke(key, ALT, code_of(key)).await;
    }

    /// As [`Tab::press`], with Alt and Shift held down.
    pub async fn press_with_alt_and_shift(&self, key: &str) {
        self.stroke(key, ALT | SHIFT, code_of(key)).await;
    }

    /// Begins or changes a composition where the focus is, as an input method does. [`Tab::insert`] ends it.
    pub async fn compose(&self, text: &str) {
        let end = text.encode_utf16().count();
        let composition = json!({ "text": text, "selectionStart": end, "selectionEnd": end });
        self.call("Input.imeSetComposition", composition).await;
    }

    /// Presses and releases a key that the input method takes for itself.
    pub async fn press_while_composing(&self, key: &str) {
        self.stroke(key, 0, COMPOSING).await;
    }

    async fn stroke(&self, key: &str, modifiers: u8, code: u32) {
        // Only a key with a text makes a character, and a composing input method keeps the text.
        let text = match key {
            _ if code == COMPOSING || modifiers & (CONTROL | ALT) != 0 => None,
            "Enter" => Some("\r"),
            key if key.chars().count() == 1 => Some(key),
            _ => None,
        };
        let kind = if text.is_some() { "keyDown" } else { "rawKeyDown" };
        let mut event = json!({
            "type": kind, "key": key, "code": key, "modifiers": modifiers, "windowsVirtualKeyCode": code,
        });
        if let Some(text) = text {
            event["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", event.clone()).await;
        event["type"] = json!("keyUp");
        self.call("Input.dispatchKeyEvent", event).await;
    }

    /// Clicks with the mouse on the middle of an element.
    ///
    /// # Panics
    ///
    /// When there is no such element.
    pub async fn click(&self, selector: &str) {
        let (x, y) = self.middle_of(selector).await;
        self.click_at(x, y).await;
    }

    /// Clicks with the mouse on a place of the page, in CSS pixels.
    pub async fn click_at(&self, x: f64, y: f64) {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Taps with a finger on the middle of an element.
    ///
    /// # Panics
    ///
    /// When there is no such element.
    pub async fn tap(&self, selector: &str) {
        self.touch(selector).await;
        self.lift().await;
    }

    /// Puts a finger on the middle of an element, and leaves it there.
    ///
    /// # Panics
    ///
    /// When there is no such element.
    pub async fn touch(&self, selector: &str) {
        let (x, y) = self.middle_of(selector).await;
        let start = json!({ "type": "touchStart", "touchPoints": [{ "x": x, "y": y }] });
        self.call("Input.dispatchTouchEvent", start).await;
    }

    /// Lifts the finger.
    pub async fn lift(&self) {
        self.call("Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] })).await;
    }

    /// Chooses files in an input, as somebody does in the window that the browser opens for it.
    ///
    /// # Panics
    ///
    /// When there is no such input, or no such file.
    pub async fn choose(&self, selector: &str, files: &[&Path]) {
        // The browser refuses a path with a way up in it.
        let whole =
            |path: &&Path| path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let files: Vec<_> = files.iter().map(whole).collect();
        let document = self.call("DOM.getDocument", json!({ "depth": 0 })).await;
        let wanted = json!({ "nodeId": document["root"]["nodeId"], "selector": selector });
        let node = self.call("DOM.querySelector", wanted).await["nodeId"].clone();
        self.call("DOM.setFileInputFiles", json!({ "nodeId": node, "files": files })).await;
    }

    /// Turns the mouse wheel over the middle of an element, by CSS pixels; down is positive.
    ///
    /// # Panics
    ///
    /// When there is no such element.
    pub async fn wheel(&self, selector: &str, pixels: i32) {
        let (x, y) = self.middle_of(selector).await;
        let event = json!({ "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": pixels });
        self.call("Input.dispatchMouseEvent", event).await;
    }

    async fn middle_of(&self, selector: &str) -> (f64, f64) {
        let middle = self
            .evaluate(&format!(
                "(() => {{
                    const element = document.querySelector({selector});
                    if (!element) throw new Error('the page has no ' + {selector});
                    const {{ x, y, width, height }} = element.getBoundingClientRect();
                    if (width === 0) throw new Error('not to be seen: ' + {selector});
                    return [x + width / 2, y + height / 2];
                }})()",
                selector = Value::from(selector)
            ))
            .await;
        let number = |index: usize| middle[index].as_f64().expect("a place on the page is a number");
        (number(0), number(1))
    }
}

fn code_of(key: &str) -> u32 {
    match key {
        "Backspace" => 8,
        "Tab" => 9,
        "Enter" => 13,
        "Escape" => 27,
        "PageUp" => 33,
        "PageDown" => 34,
        "End" => 35,
        "Home" => 36,
        "ArrowUp" => 38,
        "ArrowDown" => 40,
        "F6" => 117,
        key => key.chars().next().map_or(0, |first| u32::from(first.to_ascii_uppercase())),
    }
}
