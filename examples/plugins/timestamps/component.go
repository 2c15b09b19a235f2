//go:build wasip1

// The world plugin-world of wit/plugin-system.wit for Go: the canonical ABI on wasm32, with strings in UTF-8.
//
// What the host passes in, it has allocated with cabi_realloc; what a function answers with stays where it is until the
// host has read it and calls the function's post-return. Until then the memory is kept in `held`, away from the garbage
// collector.
package main

import (
	"errors"
	"runtime/debug"
	"structs"
	"unsafe"
)

// Pair is a key and a value: an entry of the configuration, or an option of a request.
type Pair struct{ Key, Value string }

// Metadata is what the plugin says of itself.
type Metadata struct{ Name, Version, Description string }

// ---- The host's functions ----

// LogMessage writes a line to the host's log. The host may refuse, for instance when there were too many.
func LogMessage(level, message string) error {
	var answer rawOption
	hostLogMessage(unsafe.StringData(level), uint32(len(level)), unsafe.StringData(message), uint32(len(message)), &answer)
	return answer.err()
}

// GetConfig returns a value of the configuration, and whether there is one.
func GetConfig(key string) (string, bool) {
	var answer rawOption
	hostGetConfig(unsafe.StringData(key), uint32(len(key)), &answer)
	if !answer.present {
		return "", false
	}
	return take(answer.value), true
}

// EmitEvent tells the host's listeners about something.
func EmitEvent(eventType, payload string) error {
	var answer rawOption
	hostEmitEvent(unsafe.StringData(eventType), uint32(len(eventType)), unsafe.StringData(payload), uint32(len(payload)), &answer)
	return answer.err()
}

//go:wasmimport toolsku:plugin-system/host-api@1.0.0 log-message
func hostLogMessage(level *byte, levelSize uint32, message *byte, messageSize uint32, answer *rawOption)

//go:wasmimport toolsku:plugin-system/host-api@1.0.0 get-config
func hostGetConfig(key *byte, keySize uint32, answer *rawOption)

//go:wasmimport toolsku:plugin-system/host-api@1.0.0 emit-event
func hostEmitEvent(eventType *byte, typeSize uint32, payload *byte, payloadSize uint32, answer *rawOption)

// ---- Values in memory, with the layouts of the canonical ABI ----

type rawString struct {
	_        structs.HostLayout
	at, size uint32
}

type rawPair struct {
	_          structs.HostLayout
	key, value rawString
}

// rawOption is an option<string>, and also a result<_, string>: both have a discriminant and a string.
type rawOption struct {
	_       structs.HostLayout
	present bool
	value   rawString
}

type rawResponse struct {
	_            structs.HostLayout
	output       rawString
	success      bool
	errorMessage rawOption
}

type rawMetadata struct {
	_                          structs.HostLayout
	name, version, description rawString
}

func (o rawOption) err() error {
	if !o.present {
		return nil
	}
	return errors.New(take(o.value))
}

// The memory that the host has pointers to, by its address. Of uint64, so that it is aligned for every type.
var held = map[uint32][]uint64{}

func allocate(size uint32) uint32 {
	if size == 0 {
		return 8
	}
	block := make([]uint64, (uint64(size)+7)/8)
	at := uint32(uintptr(unsafe.Pointer(&block[0])))
	held[at] = block
	return at
}

func bytesAt(at, size uint32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(at))), size)
}

// take copies a string that belongs to this side, and lets go of its memory.
func take(s rawString) string {
	if s.size == 0 {
		return ""
	}
	text := string(bytesAt(s.at, s.size))
	delete(held, s.at)
	return text
}

func takePairs(at, count uint32) []Pair {
	if count == 0 {
		return nil
	}
	pairs := make([]Pair, count)
	for i, raw := range unsafe.Slice((*rawPair)(unsafe.Pointer(uintptr(at))), count) {
		pairs[i] = Pair{Key: take(raw.key), Value: take(raw.value)}
	}
	delete(held, at)
	return pairs
}

func put(text string) rawString {
	at := allocate(uint32(len(text)))
	copy(bytesAt(at, uint32(len(text))), text)
	return rawString{at: at, size: uint32(len(text))}
}

func putError(err error) rawOption {
	if err == nil {
		return rawOption{}
	}
	return rawOption{present: true, value: put(err.Error())}
}

//go:wasmexport cabi_realloc
func cabiRealloc(old, oldSize, _, size uint32) uint32 {
	at := allocate(size)
	if oldSize > 0 {
		copy(bytesAt(at, size), bytesAt(old, oldSize))
		delete(held, old)
	}
	return at
}

// ---- The garbage collector ----

// While the host calls cabi_realloc or a post-return, a component may not call the host, and the collector asks it for the
// time. So it works only while a function of the plugin runs.
func init() { debug.SetGCPercent(-1) }

// collecting runs a function of the plugin. Turning the collector off waits until it is done.
func collecting(run func()) {
	debug.SetGCPercent(100)
	defer debug.SetGCPercent(-1)
	run()
}

// ---- The plugin's functions ----

// What the current call answers with.
var (
	answeredResult   rawOption
	answeredResponse rawResponse
	answeredMetadata rawMetadata
)

//go:wasmexport toolsku:plugin-system/plugin-api@1.0.0#initialize
func exportInitialize(config, count uint32) *rawOption {
	collecting(func() { answeredResult = putError(initialize(takePairs(config, count))) })
	return &answeredResult
}

//go:wasmexport toolsku:plugin-system/plugin-api@1.0.0#process
func exportProcess(input, inputSize, options, optionCount uint32) *rawResponse {
	collecting(func() {
		output, err := process(take(rawString{at: input, size: inputSize}), takePairs(options, optionCount))
		answeredResponse = rawResponse{output: put(output), success: err == nil, errorMessage: putError(err)}
	})
	return &answeredResponse
}

//go:wasmexport toolsku:plugin-system/plugin-api@1.0.0#shutdown
func exportShutdown() *rawOption {
	collecting(func() { answeredResult = putError(shutdown()) })
	return &answeredResult
}

//go:wasmexport toolsku:plugin-system/plugin-api@1.0.0#get-metadata
func exportMetadata() *rawMetadata {
	collecting(func() {
		m := metadata()
		answeredMetadata = rawMetadata{name: put(m.Name), version: put(m.Version), description: put(m.Description)}
	})
	return &answeredMetadata
}

// Nothing is passed in anew between an answer and its post-return: whatever is held can go.

//go:wasmexport cabi_post_toolsku:plugin-system/plugin-api@1.0.0#initialize
func postInitialize(uint32) { clear(held) }

//go:wasmexport cabi_post_toolsku:plugin-system/plugin-api@1.0.0#process
func postProcess(uint32) { clear(held) }

//go:wasmexport cabi_post_toolsku:plugin-system/plugin-api@1.0.0#shutdown
func postShutdown(uint32) { clear(held) }

//go:wasmexport cabi_post_toolsku:plugin-system/plugin-api@1.0.0#get-metadata
func postMetadata(uint32) { clear(held) }

// A reactor has no main; Go wants one.
func main() {}
