package local_aws.kafka;

import org.apache.kafka.server.config.AbstractKafkaConfig;

/** Prints the name of every property that these brokers know, one a line: run once when the jars are prepared. */
public final class BrokerProperties {
    private BrokerProperties() {}

    public static void main(String[] arguments) {
        AbstractKafkaConfig.CONFIG_DEF.names().stream().sorted().forEach(System.out::println);
    }
}
