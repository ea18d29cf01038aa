"""The catalog as a Django project with one application, served by Django REST framework."""
