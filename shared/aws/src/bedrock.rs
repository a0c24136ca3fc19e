//! Copy by the models of Amazon Bedrock, through its Converse API.

use crate::Aws;
use crate::failure::causes;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, GuardrailConfiguration, InferenceConfiguration, Message, StopReason,
    SystemContentBlock,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use copy::{CopyError, CopyWriter, Prompt, Stop, Tokens, Written};
use std::error::Error;

/// A model of Bedrock. What it certainly did not take, for being one too many or for a failure within the service, is put
/// again by the SDK, four times at most; what timed out is not, since it may be billed.
pub struct BedrockWriter {
    client: Client,
    model: String,
    max_tokens: u32,
    guardrail: Option<(String, String)>,
}

impl BedrockWriter {
    /// `model` is an id of a model or of an inference profile, or an ARN; `region` is the process's where none is named;
    /// `guardrail` has an id and a version.
    pub fn new(
        aws: &Aws,
        model: impl Into<String>,
        region: Option<String>,
        max_tokens: u32,
        guardrail: Option<(String, String)>,
    ) -> BedrockWriter {
        BedrockWriter { client: aws.bedrock(region), model: model.into(), max_tokens, guardrail }
    }
}

impl CopyWriter for BedrockWriter {
    async fn write(&self, prompt: &Prompt) -> Result<Written, CopyError> {
        let refused = |error: &dyn Error| CopyError::Refused { reason: error.to_string() };
        let message = Message::builder()
            .role(ConversationRole::User)
            .content(ContentBlock::Text(prompt.user.clone()))
            .build()
            .map_err(|error| refused(&error))?;
        let most = i32::try_from(self.max_tokens).unwrap_or(i32::MAX);
        let guardrail = self.guardrail.as_ref().map(|(id, version)| {
            GuardrailConfiguration::builder().guardrail_identifier(id).guardrail_version(version).build()
        });
        let call = self
            .client
            .converse()
            .model_id(&self.model)
            .system(SystemContentBlock::Text(prompt.system.clone()))
            .messages(message)
            .inference_config(InferenceConfiguration::builder().max_tokens(most).build())
            .set_guardrail_config(guardrail);
        call.send().await.map(|answer| written(&answer)).map_err(|error| self.explained(&error))
    }
}

/// The text of an answer; what a model thought before it is left out.
fn written(answer: &ConverseOutput) -> Written {
    let message = answer.output().and_then(|output| output.as_message().ok());
    let blocks = message.map(Message::content).unwrap_or_default();
    let text: String = blocks.iter().filter_map(|block| block.as_text().ok()).map(String::as_str).collect();
    let stop = match answer.stop_reason() {
        StopReason::EndTurn | StopReason::StopSequence => Stop::Done,
        StopReason::MaxTokens => Stop::MaxTokens,
        StopReason::ContentFiltered => Stop::ContentFilter,
        StopReason::GuardrailIntervened => Stop::Guardrail,
        other => Stop::Other(other.as_str().to_owned()),
    };
    let count = |tokens: i32| u64::try_from(tokens).unwrap_or_default();
    let tokens = answer.usage().map_or(Tokens::default(), |usage| Tokens {
        input: count(usage.input_tokens()),
        output: count(usage.output_tokens()),
    });
    Written { text, stop, tokens }
}

impl BedrockWriter {
    fn explained<E>(&self, error: &SdkError<E, HttpResponse>) -> CopyError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::TimeoutError(_) => CopyError::TimedOut,
            SdkError::ServiceError(answer) => self.answered(answer.err()),
            SdkError::ConstructionFailure(_) => CopyError::Refused { reason: causes(error) },
            SdkError::DispatchFailure(failure) if failure.is_timeout() => CopyError::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                CopyError::Refused { reason: causes(error) }
            }
            _ => CopyError::Unavailable { reason: causes(error) },
        }
    }

    /// What an error of the service says, by the codes of its API reference.
    fn answered<E: ProvideErrorMetadata>(&self, error: &E) -> CopyError {
        let code = error.code().unwrap_or("UnknownError");
        let said = error.message().unwrap_or("no message");
        let model = &self.model;
        match code {
            "ThrottlingException" | "TooManyRequestsException" | "ServiceQuotaExceededException" => {
                CopyError::Throttled { code: code.to_owned() }
            }
            "ModelTimeoutException" => CopyError::TimedOut,
            "InternalServerException"
            | "ModelErrorException"
            | "ModelNotReadyException"
            | "ServiceUnavailableException" => CopyError::Unavailable { reason: code.to_owned() },
            "AccessDeniedException" => CopyError::Refused {
                reason: format!(
                    "{said} (access to {model} has to be given in Bedrock's console, and `bedrock:InvokeModel` by the \
                     credentials' policy)"
                ),
            },
            "ResourceNotFoundException" | "ValidationException" => CopyError::Refused {
                reason: format!("{said} (is {model} a model of this region, for which Converse is offered?)"),
            },
            _ => CopyError::Refused { reason: format!("{code}: {said}") },
        }
    }
}
