package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// identityOfToken is the SPIFFE identity of the service account that a token belongs to. The
// token is not verified: that is the server's work.
func identityOfToken(file, trustDomain string) (string, error) {
	token, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("give --identity or a readable --token: %w", err)
	}
	parts := strings.Split(strings.TrimSpace(string(token)), ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("%s is not a JWT", file)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	account := strings.Split(claims.Subject, ":")
	if len(account) != 4 || account[1] != "serviceaccount" {
		return "", fmt.Errorf("%s: the subject %q is not a service account", file, claims.Subject)
	}
	return fmt.Sprintf("spiffe://%s/ns/%s/sa/%s", trustDomain, account[2], account[3]), nil
}

// tokenFiles lists a folder's files by name, without hidden ones.
func tokenFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			files = append(files, filepath.Join(folder, entry.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no token in %s", folder)
	}
	slices.Sort(files)
	return files, nil
}
