// Command oracle says what Go's crypto/x509 reads in certificate requests and certificates.
//
// It reads frames on standard input, each one octet of kind ('r' or 'c'), four octets of length and
// that many octets of DER, and writes one line of JSON for each frame, in order.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// A frame is bounded far above what the gate lets through.
const longestFrame = 1 << 20

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	reader := bufio.NewReaderSize(in, 1<<16)
	writer := bufio.NewWriterSize(out, 1<<16)
	encoder := json.NewEncoder(writer)
	for {
		kind, der, err := readFrame(reader)
		if err == io.EOF {
			return writer.Flush()
		}
		if err != nil {
			return err
		}
		if err := encoder.Encode(answer(kind, der)); err != nil {
			return err
		}
		// Answers may wait for company, but never for a frame that is not there yet.
		if reader.Buffered() == 0 {
			if err := writer.Flush(); err != nil {
				return err
			}
		}
	}
}

func readFrame(reader io.Reader) (byte, []byte, error) {
	var header [5]byte
	if _, err := io.ReadFull(reader, header[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(header[1:])
	if length > longestFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes", length)
	}
	der := make([]byte, length)
	_, err := io.ReadFull(reader, der)
	return header[0], der, err
}

func answer(kind byte, der []byte) any {
	switch kind {
	case 'r':
		return readRequest(der)
	case 'c':
		return readCertificate(der)
	}
	return reading{Error: "unknown kind"}
}
