package local_aws.kafka;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerExtensionsValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The broker's side of SASL OAUTHBEARER with MSK IAM tokens: a connection gets the ARN of whoever signed the token as
 * its principal, or is refused with the reason. The connection lasts as long as the token, as on MSK: clients
 * authenticate again, or connect again.
 *
 * <p>Reads three environment variables: LOCAL_AWS_SECRET_URL (where the control plane tells a key's secret),
 * LOCAL_AWS_TOKEN (its password) and LOCAL_AWS_KAFKA_REGION. Authenticates only: what a principal may do is not checked.
 */
public final class IamTokenHandler implements AuthenticateCallbackHandler {
    private static final Logger LOG = LoggerFactory.getLogger(IamTokenHandler.class);

    private AccessKeys keys;
    private String region;

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> jaasConfigEntries) {
        keys = new AccessKeys(environment("LOCAL_AWS_SECRET_URL"), environment("LOCAL_AWS_TOKEN"));
        region = environment("LOCAL_AWS_KAFKA_REGION");
    }

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (callback instanceof OAuthBearerValidatorCallback validation) {
                validate(validation);
            } else if (callback instanceof OAuthBearerExtensionsValidatorCallback extensions) {
                extensions.inputExtensions().map().keySet().forEach(extensions::valid);
            } else {
                throw new UnsupportedCallbackException(callback);
            }
        }
    }

    @Override
    public void close() {
        // Nothing is held open.
    }

    private void validate(OAuthBearerValidatorCallback callback) {
        try {
            callback.token(accept(callback.tokenValue(), Instant.now()));
        } catch (RefusedToken refused) {
            LOG.warn("IAM token refused: {}.", refused.getMessage());
            // The client reads this inside a JSON string that Kafka builds without escapes.
            callback.error("invalid_token: " + refused.getMessage().replaceAll("[\"\\\\\\p{Cntrl}]", "?"), null, null);
        }
    }

    private OAuthBearerToken accept(String encoded, Instant now) throws RefusedToken {
        IamToken token = IamToken.parse(encoded, region);
        token.checkTime(now);
        AccessKeys.AccessKey key = find(token.accessKeyId(), now)
                .orElseThrow(() -> new RefusedToken("nobody has the access key " + token.accessKeyId()));
        token.checkSignature(key.secretAccessKey());
        checkSession(token, key, now);
        return new AcceptedToken(encoded, token, key.principalArn());
    }

    private static void checkSession(IamToken token, AccessKeys.AccessKey key, Instant now) throws RefusedToken {
        if (key.sessionToken() == null) {
            if (token.sessionToken() != null) {
                throw new RefusedToken("it carries a session token, and key " + token.accessKeyId() + " is a long-term key");
            }
        } else if (token.sessionToken() == null || !IamToken.sameBytes(key.sessionToken(), token.sessionToken())) {
            throw new RefusedToken("its X-Amz-Security-Token is not that of key " + token.accessKeyId());
        }
        if (key.expires() != null && !now.isBefore(key.expires())) {
            throw new RefusedToken("the session of key " + token.accessKeyId() + " ended at " + key.expires());
        }
    }

    private Optional<AccessKeys.AccessKey> find(String accessKeyId, Instant now) throws RefusedToken {
        try {
            return keys.find(accessKeyId, now);
        } catch (IOException error) {
            LOG.warn("The secret of {} cannot be had: {}", accessKeyId, error.toString());
            throw new RefusedToken("the control plane, which knows the keys, does not answer");
        }
    }

    private static String environment(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalStateException("The environment variable " + name + " is not set.");
        }
        return value;
    }

    private record AcceptedToken(String value, IamToken token, String principalName) implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public long lifetimeMs() {
            return token.expiresAt().toEpochMilli();
        }

        @Override
        public Long startTimeMs() {
            return token.signedAt().toEpochMilli();
        }
    }
}
