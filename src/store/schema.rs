//! The tables, as both databases have them: BIGINT, TEXT, and BLOB or BYTEA only.

diesel::table! {
    meta (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    tenants (name) {
        name -> Text,
        created_at -> BigInt,
        settings -> Text,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        tenant -> Text,
        name -> Text,
        digest -> Binary,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        scopes -> Text,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    addresses (tenant, address) {
        tenant -> Text,
        address -> Text,
        salt -> Binary,
        verified_user -> Nullable<Text>,
        mailed -> Text,
    }
}

diesel::table! {
    users (tenant, id) {
        tenant -> Text,
        id -> Text,
        version -> BigInt,
        epoch -> Text,
        origin -> Text,
        email -> Nullable<Text>,
        address -> Nullable<Text>,
        email_verified_at -> Nullable<BigInt>,
        kyc -> Text,
        attributes -> Text,
        password -> Nullable<Binary>,
        device -> Nullable<Text>,
        client -> Nullable<Text>,
        mailed -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        active_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        salt -> Nullable<Binary>,
    }
}

diesel::table! {
    changes (tenant, user_id, version) {
        tenant -> Text,
        user_id -> Text,
        version -> BigInt,
        kind -> Text,
        data -> Text,
        document -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        tenant -> Text,
        user_id -> Text,
        cookie -> Binary,
        generation -> BigInt,
        refreshed_at -> BigInt,
        user_agent -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    endings (id) {
        id -> Binary,
        tenant -> Text,
        user_id -> Text,
        session_id -> Nullable<Text>,
        code -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    verifications (id) {
        id -> Binary,
        tenant -> Text,
        user_id -> Text,
        address -> Text,
        digest -> Binary,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    code_tries (tenant, user_id) {
        tenant -> Text,
        user_id -> Text,
        since -> BigInt,
        tries -> BigInt,
    }
}

diesel::table! {
    tickets (digest) {
        digest -> Binary,
        tenant -> Text,
        user_id -> Text,
        session_id -> Nullable<Text>,
        issued_at -> BigInt,
        until -> Nullable<BigInt>,
        expires_at -> BigInt,
        signed_by -> Nullable<Binary>,
    }
}

diesel::table! {
    limits (name) {
        name -> Text,
        idle_at -> BigInt,
    }
}

diesel::table! {
    letters (id) {
        id -> Binary,
        tenant -> Text,
        kind -> Text,
        recipient -> Text,
        token_id -> Nullable<Binary>,
        made_at -> BigInt,
        due_at -> BigInt,
        attempts -> BigInt,
        languages -> Text,
        given_up_at -> Nullable<BigInt>,
        cause -> Nullable<Text>,
    }
}

diesel::table! {
    password_resets (id) {
        id -> Binary,
        tenant -> Text,
        address -> Text,
        digest -> Binary,
        user_id -> Nullable<Text>,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    idempotency_keys (tenant, name) {
        tenant -> Text,
        name -> Text,
        user_id -> Text,
        fingerprint -> Binary,
        answer -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Text,
        tenant -> Text,
        url -> Text,
        types -> Text,
        generation -> BigInt,
        former_until -> BigInt,
        created_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
        cause -> Nullable<Text>,
        paused_until -> BigInt,
        failures -> BigInt,
    }
}

diesel::table! {
    webhook_lanes (webhook, user_id) {
        webhook -> Text,
        user_id -> Text,
        last -> BigInt,
        due_at -> BigInt,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Binary,
        webhook -> Text,
        user_id -> Text,
        position -> BigInt,
        kind -> Text,
        body -> Text,
        made_at -> BigInt,
        attempts -> BigInt,
        given_up_at -> Nullable<BigInt>,
        cause -> Nullable<Text>,
    }
}

diesel::table! {
    audit (id) {
        id -> Binary,
        at -> BigInt,
        tenant -> Text,
        actor -> Text,
        deed -> Text,
        subject -> Nullable<Text>,
        request -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(changes, users);
diesel::allow_tables_to_appear_in_same_query!(changes, webhooks);
diesel::allow_tables_to_appear_in_same_query!(webhook_lanes, webhooks);
diesel::allow_tables_to_appear_in_same_query!(webhook_deliveries, webhooks);
