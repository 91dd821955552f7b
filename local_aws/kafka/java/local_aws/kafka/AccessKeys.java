package local_aws.kafka;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The access keys that the control plane knows, asked for over loopback and kept for a few seconds. */
final class AccessKeys {
    private static final Duration KEPT = Duration.ofSeconds(10);
    private static final int TIMEOUT_MILLIS = 5000;
    private static final int MOST_KEPT = 1000;

    private final String url;
    private final String token;
    private final ObjectMapper json = new ObjectMapper();
    private final Map<String, Kept> kept = new ConcurrentHashMap<>();

    record AccessKey(String secretAccessKey, String sessionToken, String principalArn, Instant expires) {}

    private record Kept(AccessKey key, Instant until) {}

    AccessKeys(String url, String token) {
        this.url = url;
        this.token = token;
    }

    /** The key, or nothing where nobody has it; only a found key is kept. */
    Optional<AccessKey> find(String accessKeyId, Instant now) throws IOException {
        Kept known = kept.get(accessKeyId);
        if (known != null && now.isBefore(known.until())) {
            return Optional.of(known.key());
        }
        kept.remove(accessKeyId);
        Optional<AccessKey> found = ask(accessKeyId);
        if (kept.size() >= MOST_KEPT) {
            kept.clear();
        }
        found.ifPresent(key -> kept.put(accessKeyId, new Kept(key, now.plus(KEPT))));
        return found;
    }

    private Optional<AccessKey> ask(String accessKeyId) throws IOException {
        String query = (url.contains("?") ? "&" : "?") + "access_key_id=" + URLEncoder.encode(accessKeyId, StandardCharsets.UTF_8);
        HttpURLConnection connection = (HttpURLConnection) URI.create(url + query).toURL().openConnection(java.net.Proxy.NO_PROXY);
        connection.setConnectTimeout(TIMEOUT_MILLIS);
        connection.setReadTimeout(TIMEOUT_MILLIS);
        connection.setRequestProperty("X-Local-Token", token);
        int status = connection.getResponseCode();
        if (status == HttpURLConnection.HTTP_NOT_FOUND) {
            return Optional.empty();
        }
        if (status != HttpURLConnection.HTTP_OK) {
            throw new IOException("the control plane answered " + status);
        }
        try (InputStream body = connection.getInputStream()) {
            return Optional.of(read(json.readTree(body)));
        }
    }

    private static AccessKey read(JsonNode answer) throws IOException {
        String secret = answer.path("secret_access_key").asText("");
        String principal = answer.path("principal_arn").asText("");
        if (secret.isEmpty() || principal.isEmpty()) {
            throw new IOException("the control plane's answer has no secret_access_key or no principal_arn");
        }
        return new AccessKey(secret, text(answer, "session_token"), principal, instant(answer.path("expires")));
    }

    private static String text(JsonNode answer, String name) {
        return answer.hasNonNull(name) ? answer.get(name).asText() : null;
    }

    /** Seconds since 1970 or ISO 8601; null where the key never expires. */
    private static Instant instant(JsonNode value) throws IOException {
        if (value.isNumber()) {
            return Instant.ofEpochMilli((long) (value.asDouble() * 1000));
        }
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        try {
            return OffsetDateTime.parse(value.asText()).toInstant();
        } catch (DateTimeParseException error) {
            throw new IOException("the control plane's `expires` is not a time: " + value.asText(), error);
        }
    }
}
