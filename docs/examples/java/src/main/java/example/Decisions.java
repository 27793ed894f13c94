package example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Follows the decisions of Gradeline: `java … example.Decisions HOST:PORT GROUP TOPIC…`. */
public final class Decisions {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] words) throws Exception {
        Properties told = new Properties();
        told.put("bootstrap.servers", words[0]);
        told.put("group.id", words[1]);
        told.put("auto.offset.reset", "earliest");
        told.put("enable.auto.commit", "false"); // a position is kept after the work, never before
        told.put("session.timeout.ms", "6000");
        try (var consumer = new KafkaConsumer<>(told, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(words).subList(2, words.length));
            while (true) {
                ConsumerRecords<String, byte[]> records = consumer.poll(Duration.ofSeconds(1));
                for (ConsumerRecord<String, byte[]> one : records) {
                    take(JSON.readTree(one.value()));
                }
                if (!records.isEmpty()) {
                    consumer.commitSync();
                }
            }
        }
    }

    /** Must be harmless when it is called again with the same source and id: a delivery may be repeated. */
    private static void take(JsonNode event) {
        String data = event.path("data").toString();
        System.out.printf("%s %s %s %s%n", event.path("type").asText(), event.path("subject").asText(), event.path("id").asText(), data);
    }
}
