// Two facts by the CloudEvents SDK for Java: io.cloudevents:cloudevents-core, -json-jackson, -http-basic. One structured, one in
// binary mode.
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.http.HttpMessageFactory;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.util.UUID;

public class Send {
  static CloudEvent event(String verb, String account, String data) {
    return CloudEventBuilder.v1().withId(UUID.randomUUID().toString()).withSource(URI.create("/examples/java-sdk"))
        .withType("tocsin.ticket." + verb).withTime(OffsetDateTime.now())  // it sets none by itself
        .withSubject("JAVA-2").withExtension("partitionkey", account)
        .withData("application/json", data.getBytes(StandardCharsets.UTF_8)).build();
  }

  static void send(CloudEvent event, boolean structured) throws Exception {
    String base = System.getenv().getOrDefault("TOCSIN_URL", "http://127.0.0.1:8080");
    HttpURLConnection http = (HttpURLConnection) URI.create(base + "/v1/events").toURL().openConnection();
    http.setRequestMethod("POST");
    http.setDoOutput(true);
    String token = System.getenv("TOCSIN_TOKEN");
    if (token != null) http.setRequestProperty("Authorization", "Bearer " + token);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    var writer = HttpMessageFactory.createWriter(http::setRequestProperty, body::writeBytes);
    if (structured) writer.writeStructured(event, "application/cloudevents+json"); else writer.writeBinary(event);
    try (OutputStream out = http.getOutputStream()) { out.write(body.toByteArray()); }
    System.out.println(http.getResponseCode());
    if (http.getResponseCode() != 202) {
      System.out.println(new String(http.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
      System.exit(1);
    }
  }

  public static void main(String[] arguments) throws Exception {
    send(event("opened", "钱江电机", "{\"priority\": \"P2\", \"title\": \"冲压线 2 停机\"}"), true);
    // Letters beyond ASCII are lost in its headers: encode them.
    send(event("progressed", URLEncoder.encode("钱江电机", StandardCharsets.UTF_8), "{\"note\": \"备件已到\"}"), false);
  }
}
