"""What is shipped for operators: the Slack app, the manifests, the image and the page that installs them."""
