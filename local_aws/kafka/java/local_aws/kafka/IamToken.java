package local_aws.kafka;

import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The token that MSK's IAM signers make: base64url of a URL of kafka.REGION.amazonaws.com, presigned by AWS Signature
 * Version 4 in its query (IAM user guide, "Create a signed AWS API request"; MSK developer guide, "IAM access control").
 *
 * <p>A value; it holds no secret and calls nobody. The signers add User-Agent after they have signed, so it is the one
 * parameter that the signature does not cover.
 */
record IamToken(
        String host, String accessKeyId, String date, String region, Instant signedAt, Duration lifetime, String sessionToken,
        Map<String, String> parameters) {

    static final Duration LONGEST_LIFETIME = Duration.ofSeconds(900);
    static final Duration CLOCK_SKEW = Duration.ofMinutes(5);
    private static final int LONGEST_TOKEN = 16 * 1024;
    private static final String ALGORITHM = "AWS4-HMAC-SHA256";
    private static final DateTimeFormatter AMZ_DATE = DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'");
    private static final Pattern HOST = Pattern.compile("kafka\\.([a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?");
    private static final Pattern CREDENTIAL = Pattern.compile("([A-Za-z0-9_]+)/(\\d{8})/([a-z0-9-]+)/kafka-cluster/aws4_request");

    static IamToken parse(String encoded, String clusterRegion) throws RefusedToken {
        URI url = url(encoded);
        Matcher host = HOST.matcher(String.valueOf(url.getRawAuthority()));
        require("https".equals(url.getScheme()) && host.matches() && "/".equals(url.getRawPath()) && url.getRawFragment() == null,
                "it is not a URL of https://kafka.REGION.amazonaws.com/");
        Map<String, String> query = query(url.getRawQuery());
        require("kafka-cluster:Connect".equals(query.get("Action")), "its Action is not kafka-cluster:Connect");
        require(ALGORITHM.equals(query.get("X-Amz-Algorithm")), "its X-Amz-Algorithm is not " + ALGORITHM);
        require("host".equals(query.get("X-Amz-SignedHeaders")), "its X-Amz-SignedHeaders are not host alone");
        Matcher credential = CREDENTIAL.matcher(query.getOrDefault("X-Amz-Credential", ""));
        require(credential.matches(), "its X-Amz-Credential is not KEY/DATE/REGION/kafka-cluster/aws4_request");
        String region = credential.group(3);
        require(region.equals(host.group(1)), "it is signed for " + region + " and addressed to " + host.group(1));
        require(region.equals(clusterRegion), "it is for region " + region + ", and this cluster is in " + clusterRegion);
        require(query.getOrDefault("X-Amz-Signature", "").matches("[0-9a-f]{64}"), "it has no X-Amz-Signature");
        Instant signedAt = signedAt(query.get("X-Amz-Date"));
        require(query.get("X-Amz-Date").startsWith(credential.group(2)), "its X-Amz-Date is not of the day of its X-Amz-Credential");
        return new IamToken(host.group(), credential.group(1), query.get("X-Amz-Date"), region, signedAt,
                lifetime(query.get("X-Amz-Expires")), query.get("X-Amz-Security-Token"), query);
    }

    Instant expiresAt() {
        return signedAt.plus(lifetime);
    }

    /** Refuses a token that has expired, or whose date is further ahead than clocks may differ. */
    void checkTime(Instant now) throws RefusedToken {
        require(!signedAt.isAfter(now.plus(CLOCK_SKEW)),
                "it was signed " + Duration.between(now, signedAt).toSeconds() + " s in the future; check the client's clock");
        require(now.isBefore(expiresAt()), "it expired " + Duration.between(expiresAt(), now).toSeconds() + " s ago");
    }

    /** Signs the same request with the key's secret, and compares in constant time. */
    void checkSignature(String secretAccessKey) throws RefusedToken {
        String computed;
        try {
            computed = signature(secretAccessKey);
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
        require(sameBytes(computed, parameters.get("X-Amz-Signature")), "its signature is not that of key " + accessKeyId);
    }

    static boolean sameBytes(String one, String other) {
        return MessageDigest.isEqual(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
    }

    private String signature(String secretAccessKey) throws GeneralSecurityException {
        String canonicalQuery = parameters.entrySet().stream()
                .filter(entry -> !entry.getKey().equals("X-Amz-Signature") && !entry.getKey().equals("User-Agent"))
                .map(entry -> encode(entry.getKey()) + "=" + encode(entry.getValue()))
                .sorted()
                .collect(Collectors.joining("&"));
        String canonicalRequest = String.join("\n", "GET", "/", canonicalQuery, "host:" + host, "", "host", sha256(""));
        String day = date.substring(0, 8);
        String scope = String.join("/", day, region, "kafka-cluster", "aws4_request");
        String toSign = String.join("\n", ALGORITHM, date, scope, sha256(canonicalRequest));
        byte[] key = ("AWS4" + secretAccessKey).getBytes(StandardCharsets.UTF_8);
        for (String part : new String[] {day, region, "kafka-cluster", "aws4_request", toSign}) {
            key = hmac(key, part);
        }
        return HexFormat.of().formatHex(key);
    }

    private static URI url(String encoded) throws RefusedToken {
        require(encoded != null && encoded.length() <= LONGEST_TOKEN, "it is longer than " + LONGEST_TOKEN + " characters");
        try {
            return URI.create(new String(Base64.getUrlDecoder().decode(encoded), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException error) {
            throw new RefusedToken("it is not the base64url of a URL, as an MSK IAM signer makes it");
        }
    }

    private static Map<String, String> query(String raw) throws RefusedToken {
        Map<String, String> parameters = new TreeMap<>();
        for (String pair : raw == null ? new String[0] : raw.split("&", -1)) {
            int equals = pair.indexOf('=');
            require(equals > 0, "its query has a part without a name or a value");
            try {
                String name = URLDecoder.decode(pair.substring(0, equals), StandardCharsets.UTF_8);
                String value = URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8);
                require(parameters.put(name, value) == null, "its query repeats a name");
            } catch (IllegalArgumentException error) {
                throw new RefusedToken("its query is not percent-encoded as it should be");
            }
        }
        return parameters;
    }

    private static Instant signedAt(String date) throws RefusedToken {
        try {
            return LocalDateTime.parse(String.valueOf(date), AMZ_DATE).toInstant(ZoneOffset.UTC);
        } catch (DateTimeParseException error) {
            throw new RefusedToken("its X-Amz-Date is not like 20260131T235959Z");
        }
    }

    private static Duration lifetime(String seconds) throws RefusedToken {
        require(seconds != null && seconds.matches("[1-9]\\d{0,5}"), "its X-Amz-Expires is not a number of seconds");
        Duration lifetime = Duration.ofSeconds(Long.parseLong(seconds));
        require(lifetime.compareTo(LONGEST_LIFETIME) <= 0, "its X-Amz-Expires is above " + LONGEST_LIFETIME.toSeconds());
        return lifetime;
    }

    /** RFC 3986, as Signature Version 4 wants it. */
    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
    }

    private static String sha256(String text) throws GeneralSecurityException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void require(boolean holds, String reason) throws RefusedToken {
        if (!holds) {
            throw new RefusedToken(reason);
        }
    }
}
