package local_aws.kafka;

/** Why a token is refused, in words that the client may see. */
final class RefusedToken extends Exception {
    private static final long serialVersionUID = 1L;

    RefusedToken(String reason) {
        super(reason);
    }
}
