use crate::model::Languages;

/// What is known of the device that somebody asks from, before it is known who asks.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its address or network, by which it is counted.
    pub network: String,
    /// What kind of device it is, as a short phrase for people.
    pub device: String,
    /// What its user reads.
    pub languages: Languages,
}
