//! Which failure of which operation is which status and code.

use super::Problem;
use crate::accounts::{
    AskResetError, AuthenticateError, ChangePasswordError, HistoryError, LeaveError, LogInError,
    LogOutError, RefreshError, ResetPasswordError, SignUpError,
};
use crate::publishing::{DeleteUserError, PublishAllError, PublishError, PutUserError};
use crate::verification::{
    CodeError, ConfirmError, DenyError, IssueError, RequestError, StatusError,
};
use actix_web::http::StatusCode;

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        match &error {
            AuthenticateError::Nothing => Self::unauthorized("unauthenticated", error),
            AuthenticateError::Invalid => Self::unauthorized("invalid_token", error),
            AuthenticateError::WrongCaller(_) => {
                Self::new(StatusCode::FORBIDDEN, "wrong_caller", error)
            }
            AuthenticateError::InsufficientScope(_) => {
                Self::new(StatusCode::FORBIDDEN, "insufficient_scope", error)
            }
            AuthenticateError::NoKeysYet => Self::unavailable(error),
            AuthenticateError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<SignUpError> for Problem {
    fn from(error: SignUpError) -> Self {
        match &error {
            SignUpError::Email(_) => Self::unprocessable("bad_email", error),
            SignUpError::Weak(_) => Self::unprocessable("weak_password", error),
            SignUpError::TooMany(wait) => Self::too_many(&error, *wait),
            SignUpError::Busy(_) => Self::unavailable(error),
            SignUpError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<LogInError> for Problem {
    fn from(error: LogInError) -> Self {
        match &error {
            LogInError::InvalidCredentials => Self::unauthorized("invalid_credentials", error),
            LogInError::TooMany(wait) => Self::too_many(&error, *wait),
            LogInError::Busy(_) => Self::unavailable(error),
            LogInError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match &error {
            RefreshError::Invalid | RefreshError::Reused => {
                Self::unauthorized("invalid_token", error)
            }
            RefreshError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<LogOutError> for Problem {
    fn from(error: LogOutError) -> Self {
        match &error {
            LogOutError::NoSession => Self::new(StatusCode::CONFLICT, "no_session", error),
            LogOutError::Unknown => Self::not_found(error),
            LogOutError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match &error {
            HistoryError::UnknownUser => Self::unauthorized("invalid_token", error),
            HistoryError::Gone => Self::new(StatusCode::GONE, "cursor_gone", error),
            HistoryError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        match &error {
            RequestError::Wait(wait) => Self::too_many(&error, *wait),
            RequestError::NoAddress => Self::new(StatusCode::CONFLICT, "no_email", error),
            RequestError::UnknownUser => Self::unauthorized("invalid_token", error),
            RequestError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<ConfirmError> for Problem {
    fn from(error: ConfirmError) -> Self {
        match &error {
            ConfirmError::UnknownLink => Self::not_found(error),
            ConfirmError::ExpiredLink => Self::new(StatusCode::GONE, "link_expired", error),
            ConfirmError::NeedsPassword => Self::unprocessable("password_needed", error),
            ConfirmError::WrongPassword => Self::unprocessable("wrong_password", error),
            ConfirmError::TooMany(wait) => Self::too_many(&error, *wait),
            ConfirmError::Busy(_) => Self::unavailable(error),
            ConfirmError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<CodeError> for Problem {
    fn from(error: CodeError) -> Self {
        match &error {
            CodeError::Wrong(left) => {
                Self { attempts_left: Some(*left), ..Self::unprocessable("wrong_code", &error) }
            }
            CodeError::TooMany(wait) => Self::too_many(&error, *wait),
            CodeError::NoAddress => Self::new(StatusCode::CONFLICT, "no_email", error),
            CodeError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<DenyError> for Problem {
    fn from(error: DenyError) -> Self {
        match &error {
            DenyError::UnknownLink => Self::not_found(error),
            DenyError::ExpiredLink => Self::new(StatusCode::GONE, "link_expired", error),
            DenyError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<StatusError> for Problem {
    fn from(error: StatusError) -> Self {
        match &error {
            StatusError::UnknownLink => Self::not_found(error),
            StatusError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        match &error {
            PublishError::Type(reason) => {
                let reserved = matches!(reason, crate::model::ReservedType::Reserved);
                Self::unprocessable(if reserved { "reserved_type" } else { "bad_type" }, error)
            }
            PublishError::UnknownUser => Self::not_found(error),
            PublishError::TooLarge(_) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", error)
            }
            PublishError::BadKey(_) => Self::bad("bad_idempotency_key", error),
            PublishError::OtherCall => Self::unprocessable("idempotency_mismatch", error),
            PublishError::NotTried => Self::unavailable(error),
            PublishError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<PublishAllError> for Problem {
    fn from(error: PublishAllError) -> Self {
        match &error {
            PublishAllError::TooMany => Self::unprocessable("too_many_events", error),
            PublishAllError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<PutUserError> for Problem {
    fn from(error: PutUserError) -> Self {
        match &error {
            PutUserError::Email(_) => Self::unprocessable("bad_email", error),
            PutUserError::EmailTaken => Self::new(StatusCode::CONFLICT, "email_taken", error),
            PutUserError::NoAddress => Self::new(StatusCode::CONFLICT, "no_email", error),
            PutUserError::TooLarge(_) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", error)
            }
            PutUserError::Stale => stale(error),
            PutUserError::OtherCall => Self::unprocessable("idempotency_mismatch", error),
            PutUserError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<DeleteUserError> for Problem {
    fn from(error: DeleteUserError) -> Self {
        match &error {
            DeleteUserError::UnknownUser => Self::not_found(error),
            DeleteUserError::Stale => stale(error),
            DeleteUserError::Store(_) => Self::failed(&error),
        }
    }
}

fn stale(error: impl std::fmt::Display) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", error)
}

impl From<IssueError> for Problem {
    fn from(error: IssueError) -> Self {
        match &error {
            IssueError::UnknownUser => Self::not_found(error),
            IssueError::NoAddress => Self::new(StatusCode::CONFLICT, "no_email", error),
            IssueError::EmailTaken => Self::new(StatusCode::CONFLICT, "email_taken", error),
            IssueError::Wait(wait) => Self::too_many(&error, *wait),
            IssueError::OtherCall => Self::unprocessable("idempotency_mismatch", error),
            IssueError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<AskResetError> for Problem {
    fn from(error: AskResetError) -> Self {
        match &error {
            AskResetError::Email(_) => Self::unprocessable("bad_email", error),
            AskResetError::TooMany(wait) => Self::too_many(&error, *wait),
            AskResetError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<ResetPasswordError> for Problem {
    fn from(error: ResetPasswordError) -> Self {
        match &error {
            ResetPasswordError::UnknownLink => Self::not_found(error),
            ResetPasswordError::ExpiredLink => Self::new(StatusCode::GONE, "link_expired", error),
            ResetPasswordError::UsedLink => Self::new(StatusCode::GONE, "link_used", error),
            ResetPasswordError::Weak(_) => Self::unprocessable("weak_password", error),
            ResetPasswordError::Busy(_) => Self::unavailable(error),
            ResetPasswordError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        match &error {
            ChangePasswordError::WrongPassword => Self::unprocessable("wrong_password", error),
            ChangePasswordError::NoPassword => {
                Self::new(StatusCode::CONFLICT, "no_password", error)
            }
            ChangePasswordError::Weak(_) => Self::unprocessable("weak_password", error),
            ChangePasswordError::UnknownUser => Self::unauthorized("invalid_token", error),
            ChangePasswordError::TooMany(wait) => Self::too_many(&error, *wait),
            ChangePasswordError::Busy(_) => Self::unavailable(error),
            ChangePasswordError::Store(_) => Self::failed(&error),
        }
    }
}

impl From<LeaveError> for Problem {
    fn from(error: LeaveError) -> Self {
        match &error {
            LeaveError::WrongPassword => Self::unprocessable("wrong_password", error),
            LeaveError::NoPassword => Self::new(StatusCode::CONFLICT, "no_password", error),
            LeaveError::UnknownUser => Self::unauthorized("invalid_token", error),
            LeaveError::TooMany(wait) => Self::too_many(&error, *wait),
            LeaveError::Busy(_) => Self::unavailable(error),
            LeaveError::Store(_) => Self::failed(&error),
        }
    }
}
