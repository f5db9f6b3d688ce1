// One fact from Go, without modules: go run send.go
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	url := os.Getenv("TOCSIN_URL")
	if url == "" {
		url = "http://127.0.0.1:8080"
	}
	now := time.Now().UTC()
	event, _ := json.Marshal(map[string]any{
		"specversion": "1.0", "id": fmt.Sprint(now.UnixNano()), "source": "/examples/go", "type": "tocsin.ticket.opened",
		"time": now.Format(time.RFC3339Nano), "subject": "GO-1", "partitionkey": "钱江电机",
		"data": map[string]any{"priority": "P2", "title": "冲压线 2 停机"},
	})
	request, _ := http.NewRequest("POST", url+"/v1/events", bytes.NewReader(event))
	request.Header.Set("Content-Type", "application/cloudevents+json")
	if token := os.Getenv("TOCSIN_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, string(body))
	if answer.StatusCode != 202 {
		os.Exit(1)
	}
}
