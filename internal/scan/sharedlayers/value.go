package sharedlayers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// KeySize is the length of the MAC's key in bytes.
const KeySize = 32

// version is the first byte of a value: one that another version wrote is
// absent to this one.
const version = 1

// overhead is what a value has before its data: version and MAC.
const overhead = 1 + sha256.Size

// seal makes a value: version, MAC, data. The data is compressed already, and
// whoever unpacks it bounds what comes out.
func seal(key []byte, generation, diffID string, data []byte) []byte {
	value := make([]byte, 0, overhead+len(data))
	value = append(value, version)
	value = append(value, sum(key, generation, diffID, data)...)
	return append(value, data...)
}

// open returns the data of a value that a gate with this key sealed for this
// layer of this generation, and false for any other.
func open(key []byte, generation, diffID string, value []byte) ([]byte, bool) {
	if len(value) < overhead || len(value) > overhead+MaxEntry || value[0] != version {
		return nil, false
	}
	data := value[overhead:]
	return data, hmac.Equal(value[1:overhead], sum(key, generation, diffID, data))
}

// sum is the MAC of all that a value must not be mistaken for another by. Each
// part but the last is preceded by its length, so that none runs into the next.
func sum(key []byte, generation, diffID string, data []byte) []byte {
	head := []byte("imagegate shared layer")
	head = append(head, version)
	for _, part := range []string{generation, diffID} {
		head = binary.AppendUvarint(head, uint64(len(part)))
		head = append(head, part...)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(head)
	mac.Write(data)
	return mac.Sum(nil)
}
