// A Go client of the local cluster, which speaks protobuf wherever client-go can; test_go_client.py runs it.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	authentication "k8s.io/api/authentication/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/clientcmd"
)

const space = "default"

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func job() *batch.Job {
	container := core.Container{Name: "c", Image: "none", Command: []string{"echo", "hello"}}
	container.Resources.Requests = core.ResourceList{"cpu": resource.MustParse("0.1")}
	template := core.PodTemplateSpec{Spec: core.PodSpec{
		RestartPolicy: core.RestartPolicyNever, Containers: []core.Container{container}}}
	return &batch.Job{ObjectMeta: meta.ObjectMeta{Name: "j"}, Spec: batch.JobSpec{Template: template}}
}

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	must(err)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(config)
	must(err)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()

	reviews := client.AuthenticationV1().SelfSubjectReviews()
	who, err := reviews.Create(ctx, &authentication.SelfSubjectReview{}, meta.CreateOptions{})
	must(err)
	fmt.Println("user", who.Status.UserInfo.Username)

	maps := client.CoreV1().ConfigMaps(space)
	sent := &core.ConfigMap{ObjectMeta: meta.ObjectMeta{Name: "a"}, BinaryData: map[string][]byte{"b": {0, 255}}}
	_, err = maps.Create(ctx, sent, meta.CreateOptions{})
	must(err)
	found, err := maps.Get(ctx, "a", meta.GetOptions{})
	must(err)
	fmt.Println("bytes", found.BinaryData["b"])
	_, err = maps.Get(ctx, "none", meta.GetOptions{})
	fmt.Println("missing", errors.IsNotFound(err))
	must(maps.Delete(ctx, "a", meta.DeleteOptions{Preconditions: &meta.Preconditions{UID: &found.UID}}))

	jobs := informers.NewSharedInformerFactory(client, 0)
	ended := make(chan struct{})
	store := jobs.Batch().V1().Jobs().Informer()
	jobs.Start(ctx.Done())
	jobs.WaitForCacheSync(ctx.Done())
	_, err = client.BatchV1().Jobs(space).Create(ctx, job(), meta.CreateOptions{})
	must(err)
	go func() {
		for ctx.Err() == nil {
			one, there, _ := store.GetStore().GetByKey(space + "/j")
			if there && one.(*batch.Job).Status.Succeeded == 1 {
				close(ended)
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		panic("the informer has not seen the end of the job")
	}
	pods, err := client.CoreV1().Pods(space).List(ctx, meta.ListOptions{LabelSelector: "job-name=j"})
	must(err)
	log, err := client.CoreV1().Pods(space).GetLogs(pods.Items[0].Name, &core.PodLogOptions{}).DoRaw(ctx)
	must(err)
	fmt.Print("log ", string(log))
	fmt.Println("cpu", pods.Items[0].Spec.Containers[0].Resources.Requests.Cpu())

	kinds := schema.GroupVersionResource{Group: "kubeflow.org", Version: "v1", Resource: "pytorchjobs"}
	partial, err := metadata.NewForConfig(config)
	must(err)
	list, err := partial.Resource(kinds).Namespace(space).List(ctx, meta.ListOptions{})
	must(err)
	fmt.Println("custom", len(list.Items))
}
