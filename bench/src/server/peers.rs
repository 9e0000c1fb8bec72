//! The servers that are compared, each as its users would build it: a room of one topic, and an echo.

pub mod axum;
pub mod fastwebsockets;
pub mod ours;
pub mod sockudo;
pub mod tokio_tungstenite;
pub mod yawc;
