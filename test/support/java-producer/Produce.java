import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** BROKER TOPIC CODEC COUNT: writes that many records in few large batches; prints the share that compression left, and bytes of a batch. */
class Produce {
    public static void main(String[] args) {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", args[0],
            "compression.type", args[2],
            "linger.ms", 1000,
            "batch.size", 300_000,
            "max.request.size", 1_000_000);
        var bytes = new ByteArraySerializer();
        try (var producer = new KafkaProducer<byte[], byte[]>(settings, bytes, bytes)) {
            for (int index = 0; index < Integer.parseInt(args[3]); index++) {
                producer.send(new ProducerRecord<>(args[1], 0, ("k-" + index).getBytes(), bytesOf(index)));
            }
            producer.flush();
            producer.metrics().forEach((name, metric) -> {
                boolean isOfAll = name.group().equals("producer-metrics");
                if (isOfAll && name.name().matches("compression-rate-avg|batch-size-avg")) {
                    System.out.println(name.name() + " " + metric.metricValue());
                }
            });
        }
    }

    /** The test knows the same. */
    private static byte[] bytesOf(int index) {
        byte[] value = new byte[index * 37 % 5_000];
        for (int at = 0; at < value.length; at++) value[at] = (byte) (index * 31 + at * at * 7 + (at >> 3));
        return value;
    }
}
