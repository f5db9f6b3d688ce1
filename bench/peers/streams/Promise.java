// The promise of bench/peers as a Kafka Streams application of the usual form: a store of open tickets, an index of their dues
// beside it, a punctuator that looks every 100 ms which have passed, exactly once.
//   java -cp 'CLASSES:JARS/*' Promise BOOTSTRAP STATE-DIR
// A fact is "id,ticket,verb,time in ms", keyed by its account; told is "ticket,due in ms".
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.*;
import org.apache.kafka.streams.state.*;

public class Promise {
  static final long TARGET_MS = 15 * 60_000, LOOK_MS = 100;

  static class Decide implements Processor<String, String, String, String> {
    ProcessorContext<String, String> context;
    KeyValueStore<String, Long> due;      // open tickets
    KeyValueStore<String, Long> seen;     // ids of facts, so that each counts once
    KeyValueStore<Bytes, String> byDue;   // [due, ticket]

    static Bytes at(long due, String ticket) {
      byte[] name = ticket.getBytes();
      return Bytes.wrap(ByteBuffer.allocate(8 + name.length).putLong(due).put(name).array());
    }

    public void init(ProcessorContext<String, String> context) {
      this.context = context;
      due = context.getStateStore("due");
      seen = context.getStateStore("seen");
      byDue = context.getStateStore("by-due");
      context.schedule(Duration.ofMillis(LOOK_MS), PunctuationType.WALL_CLOCK_TIME, this::tell);
    }

    public void process(org.apache.kafka.streams.processor.api.Record<String, String> fact) {
      String[] part = fact.value().split(",");
      long time = Long.parseLong(part[3]);
      if (seen.putIfAbsent(part[0], time) != null) return;
      if (part[2].equals("opened")) {
        if (due.putIfAbsent(part[1], time + TARGET_MS) == null) byDue.put(at(time + TARGET_MS, part[1]), part[1]);
      } else {
        Long known = due.delete(part[1]);
        if (known != null) byDue.delete(at(known, part[1]));
      }
    }

    void tell(long now) {
      List<KeyValue<Bytes, String>> passed = new ArrayList<>();
      try (KeyValueIterator<Bytes, String> rows = byDue.range(at(0, ""), at(now, ""))) {
        rows.forEachRemaining(passed::add);
      }
      for (KeyValue<Bytes, String> row : passed) {
        long at = ByteBuffer.wrap(row.key.get()).getLong();
        context.forward(new org.apache.kafka.streams.processor.api.Record<>(row.value, row.value + "," + at, now));
        byDue.delete(row.key);
        due.delete(row.value);
      }
    }
  }

  public static void main(String[] args) {
    Topology topology = new Topology();
    topology.addSource("facts", "facts").addProcessor("decide", Decide::new, "facts").addSink("told", "told", "decide");
    topology.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("due"), Serdes.String(), Serdes.Long()), "decide");
    topology.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("seen"), Serdes.String(), Serdes.Long()), "decide");
    topology.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("by-due"), Serdes.Bytes(), Serdes.String()), "decide");
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, "promise");
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    p.put(StreamsConfig.STATE_DIR_CONFIG, args[1]);
    p.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.String().getClass());
    p.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.String().getClass());
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    p.put(StreamsConfig.consumerPrefix("session.timeout.ms"), 6000);
    KafkaStreams streams = new KafkaStreams(topology, p);
    streams.setStateListener((now, before) -> System.out.println(now));
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}
