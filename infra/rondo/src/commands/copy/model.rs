//! The model that is asked.

#[cfg(feature = "bedrock")]
pub use bedrock::ask_model;

/// There is none in this build.
#[cfg(not(feature = "bedrock"))]
pub fn ask_model(
    _: &config::CopySettings,
    _: &str,
    _: &copy::Prompt,
    _: usize,
) -> anyhow::Result<copy::Asked> {
    anyhow::bail!(
        "this `rondo` was built without Amazon Bedrock: build it with `cargo build --release -p rondo --features bedrock`; \
         `--show-prompt` shows what would be asked"
    )
}

#[cfg(feature = "bedrock")]
mod bedrock {
    use anyhow::{Context, Result};
    use aws::{Aws, BedrockWriter};
    use config::CopySettings;
    use copy::{Asked, Prompt, ask};

    /// Asks a model of Bedrock, with the credentials of the environment.
    pub fn ask_model(
        settings: &CopySettings,
        model: &str,
        prompt: &Prompt,
        variants: usize,
    ) -> Result<Asked> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("starting the runtime of the AWS SDK")?;
        runtime.block_on(async {
            let aws = Aws::connect().await;
            let (region, guardrail) = (settings.region.clone(), settings.guardrail.clone());
            let writer = BedrockWriter::new(&aws, model, region, settings.max_tokens, guardrail);
            Ok(ask(&writer, prompt, variants).await?)
        })
    }
}
