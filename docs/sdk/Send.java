// One fact from Java 17, without packages: java Send.java
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.UUID;

public class Send {
  public static void main(String[] arguments) throws Exception {
    String url = System.getenv().getOrDefault("TOCSIN_URL", "http://127.0.0.1:8080");
    String event = """
        {"specversion":"1.0","id":"%s","source":"/examples/java","type":"tocsin.ticket.opened","time":"%s",
         "subject":"JAVA-1","partitionkey":"钱江电机","data":{"priority":"P2","title":"冲压线 2 停机"}}""".formatted(UUID.randomUUID(), Instant.now());
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/v1/events"))
        .header("Content-Type", "application/cloudevents+json").POST(HttpRequest.BodyPublishers.ofString(event));
    String token = System.getenv("TOCSIN_TOKEN");
    if (token != null) request.header("Authorization", "Bearer " + token);
    HttpResponse<String> answer = HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    System.out.println(answer.statusCode() + " " + answer.body());
    System.exit(answer.statusCode() == 202 ? 0 : 1);
  }
}
