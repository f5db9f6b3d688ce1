// Two facts by the CloudEvents SDK for Go. One structured, one in binary mode.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
)

func main() {
	url := os.Getenv("TOCSIN_URL")
	if url == "" {
		url = "http://127.0.0.1:8080"
	}
	options := []cloudevents.HTTPOption{cloudevents.WithTarget(url + "/v1/events")}
	if token := os.Getenv("TOCSIN_TOKEN"); token != "" {
		options = append(options, cloudevents.WithHeader("Authorization", "Bearer "+token))
	}
	client, err := cloudevents.NewClientHTTP(options...)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	send := func(mode context.Context, verb string, data map[string]any) {
		event := cloudevents.NewEvent()
		event.SetID(fmt.Sprint(time.Now().UnixNano()))
		event.SetSource("/examples/go-sdk")
		event.SetType("tocsin.ticket." + verb)
		event.SetTime(time.Now())
		event.SetSubject("GO-2")
		event.SetExtension("partitionkey", "钱江电机")
		_ = event.SetData(cloudevents.ApplicationJSON, data)
		result := client.Send(mode, event)
		fmt.Println(result)
		if !cloudevents.IsACK(result) {
			os.Exit(1)
		}
	}
	send(binding.WithForceStructured(context.Background()), "opened", map[string]any{"priority": "P2", "title": "冲压线 2 停机"})
	send(binding.WithForceBinary(context.Background()), "progressed", map[string]any{"note": "备件已到"})
}
